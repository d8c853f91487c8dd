import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { buf, generateProto } from '../src/proto.ts';
import { root } from './workspace-root.ts';

async function files(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .toSorted();
}

test('the .proto files pass buf lint', async () => {
  await buf(root, 'lint');
});

test('the generated code is what the .proto files say (npm run generate -- proto writes it)', async () => {
  const fresh = await mkdtemp(join(tmpdir(), 'tributary-proto-'));
  try {
    await mkdir(join(fresh, 'libs/contracts/proto'), { recursive: true });
    await generateProto(root, fresh);
    const code = 'libs/contracts/src/gen';
    assert.deepEqual(await files(join(root, code)), await files(join(fresh, code)));
    const descriptors = 'libs/contracts/proto/descriptors.binpb';
    for (const file of [descriptors, ...(await files(join(fresh, code))).map((name) => join(code, name))]) {
      assert.deepEqual(await readFile(join(root, file)), await readFile(join(fresh, file)), file);
    }
  } finally {
    await rm(fresh, { recursive: true });
  }
});

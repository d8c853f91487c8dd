import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const run = promisify(execFile);

async function buf(...args: string[]): Promise<void> {
  await run(process.execPath, [join(root, 'node_modules/@bufbuild/buf/bin/buf'), ...args], { cwd: root });
}

async function files(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .toSorted();
}

test('the .proto files pass buf lint', async () => {
  await buf('lint');
});

test('the generated code is what the .proto files say (npx buf generate writes it)', async () => {
  const fresh = await mkdtemp(join(tmpdir(), 'tributary-buf-'));
  try {
    await buf('generate', '--output', fresh);
    const generated = join(fresh, 'libs/contracts/src/gen');
    const committed = join(root, 'libs/contracts/src/gen');
    assert.deepEqual(await files(committed), await files(generated));
    for (const file of await files(generated)) {
      assert.equal(
        await readFile(join(committed, file), 'utf8'),
        await readFile(join(generated, file), 'utf8'),
        file,
      );
    }
  } finally {
    await rm(fresh, { recursive: true });
  }
});

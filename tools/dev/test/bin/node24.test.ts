import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { TemporaryFolder, WORKSPACE } from '@tributary/testing';
import { node24 } from '../../bin/node24.mjs';

test('a Node that is new enough is used as it is', async () => {
  for (const version of ['v24.0.0', 'v26.1.0', process.version]) {
    assert.equal(await node24('/no/such/folder', version), process.execPath);
  }
});

test('one that was fetched before is used without asking anybody', async () => {
  using folder = new TemporaryFolder('node24-test');
  const source = readFileSync(join(WORKSPACE, 'tools/dev/bin/node24.mjs'), 'utf8');
  const platform = `${process.platform}-${process.arch}`;
  const [, name = '', version = ''] =
    new RegExp(`'${platform}': \\['([^']+)', '([^']+)'\\]`).exec(source) ?? [];
  const binary = join(
    folder.path,
    '.tributary/toolchain',
    `node-${version}`,
    'node_modules',
    name,
    'bin/node',
  );
  mkdirSync(dirname(binary), { recursive: true });
  writeFileSync(binary, '');
  assert.equal(await node24(folder.path, 'v20.0.0'), binary);
});

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { noSmallDisk, SmallDisk } from '../../src/disk/small-disk.ts';

test('a small disk is filled to its last byte, and has room again', { skip: noSmallDisk() }, () => {
  using disk = SmallDisk.mount(4);
  const file = join(disk.folder, 'store', 'file');
  assert.equal(disk.fill(), 4);
  assert.equal(disk.free, 0);
  assert.throws(() => writeFileSync(file, 'x'), { code: 'ENOSPC' });
  disk.empty();
  writeFileSync(file, 'x');
  assert.equal(readFileSync(file, 'utf8'), 'x');
});

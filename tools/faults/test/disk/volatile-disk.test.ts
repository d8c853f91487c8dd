import assert from 'node:assert/strict';
import {
  closeSync,
  fsync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { noVolatileDisk, VolatileDisk } from '../../src/disk/volatile-disk.ts';

const skip = noVolatileDisk();

test('a disk that is used like any other', { skip }, async () => {
  await using disk = await VolatileDisk.mount();
  const at = (...names: string[]): string => join(disk.folder, 'store', ...names);
  mkdirSync(at('a', 'b'), { recursive: true });
  const text = 'x'.repeat(300_000);
  writeFileSync(at('a', 'b', 'one'), text);
  assert.equal(readFileSync(at('a', 'b', 'one'), 'utf8'), text);
  writeFileSync(at('a', 'b', 'one'), 'short');
  assert.equal(statSync(at('a', 'b', 'one')).size, 5);
  renameSync(at('a', 'b', 'one'), at('a', 'two'));
  assert.deepEqual(readdirSync(at('a')).toSorted(), ['b', 'two']);
  for (let n = 0; n < 300; n++) writeFileSync(at('a', 'b', `file-${n}`), String(n));
  assert.equal(readdirSync(at('a', 'b')).length, 300);
  rmSync(at('a'), { recursive: true });
  assert.deepEqual(readdirSync(at()), []);
});

test('what was synced survives a power cut, and nothing else does', { skip }, async () => {
  await using disk = await VolatileDisk.mount();
  const at = (name: string): string => join(disk.folder, 'store', name);
  const file = openSync(at('log'), 'w+');
  writeSync(file, 'synced.');
  fsyncSync(file);
  writeSync(file, 'not synced');
  assert.equal(readFileSync(at('log'), 'utf8'), 'synced.not synced');
  assert.equal(await disk.cut(), 'not synced'.length);
  assert.equal(readFileSync(at('log'), 'utf8'), 'synced.');
  ftruncateSync(file, 3);
  await disk.cut();
  assert.equal(readFileSync(at('log'), 'utf8'), 'synced.');
  writeSync(file, 'S', 0);
  fsyncSync(file);
  closeSync(file);
  await disk.cut();
  assert.equal(readFileSync(at('log'), 'utf8'), 'Synced.');
  const direct = openSync(at('direct'), 'as');
  writeSync(direct, 'every write is synced');
  closeSync(direct);
  writeFileSync(at('never'), 'made and never synced');
  await disk.cut();
  assert.equal(readFileSync(at('direct'), 'utf8'), 'every write is synced');
  assert.equal(readFileSync(at('never'), 'utf8'), '');
});

test('a slow disk takes its time to sync', { skip }, async () => {
  await using disk = await VolatileDisk.mount();
  await disk.slow(120);
  const file = openSync(join(disk.folder, 'store', 'log'), 'w');
  writeSync(file, 'x');
  const began = performance.now();
  fsyncSync(file);
  assert.ok(performance.now() - began >= 115);
  writeSync(file, 'y');
  const syncing = promisify(fsync)(file);
  await delay(30);
  assert.equal(await disk.cut(), 1, 'a sync that has not ended saves nothing');
  await syncing;
  closeSync(file);
});

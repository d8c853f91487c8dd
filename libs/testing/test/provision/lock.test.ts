import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { TestingError } from '../../src/errors.ts';
import { TemporaryFolder } from '../../src/process/temporary-folder.ts';
import { withLock } from '../../src/provision/lock.ts';
import { run } from '../../src/provision/program.ts';

const WORKER = fileURLToPath(new URL('../fixtures/append-under-lock.ts', import.meta.url));

function abandonedLock(path: string): void {
  mkdirSync(path);
  writeFileSync(join(path, 'owner'), '999999999');
}

test('processes that hold the same lock never work at the same time, not even after a dead owner', async () => {
  using folder = new TemporaryFolder('lock-test');
  const [lock, file] = [join(folder.path, 'lock'), join(folder.path, 'count')];
  writeFileSync(file, '0');
  abandonedLock(lock);
  await Promise.all(Array.from({ length: 4 }, () => run(process.execPath, [WORKER, lock, file, '5'])));
  assert.equal(readFileSync(file, 'utf8'), '20');
  assert.deepEqual(readdirSync(folder.path), ['count']);
});

test('the lock is released when the work fails', async () => {
  using folder = new TemporaryFolder('lock-test');
  const lock = join(folder.path, 'lock');
  await assert.rejects(
    withLock(lock, () => Promise.reject(new Error('no'))),
    /no/,
  );
  assert.equal(await withLock(lock, async () => 'free again'), 'free again');
});

test('a lock that stays held ends the wait with an error that names its owner', async () => {
  using folder = new TemporaryFolder('lock-test');
  const lock = join(folder.path, 'lock');
  await withLock(lock, async () => {
    await assert.rejects(
      withLock(lock, async () => undefined, 50),
      (error) =>
        error instanceof TestingError &&
        error.code === 'lock-timeout' &&
        error.message.includes(String(process.pid)),
    );
  });
});

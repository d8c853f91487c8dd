import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { TestingError } from '../../src/errors.ts';
import { alive } from '../../src/process/alive.ts';
import { ServerProcess, type Launch } from '../../src/process/server-process.ts';
import { TemporaryFolder } from '../../src/process/temporary-folder.ts';

function shell(folder: TemporaryFolder, script: string, options: Partial<Launch> = {}): ServerProcess {
  return new ServerProcess({
    name: 'script',
    file: 'sh',
    args: ['-c', script],
    env: process.env,
    logFile: join(folder.path, 'log'),
    ready: async () => undefined,
    readyTimeoutMs: 5000,
    stopTimeoutMs: 300,
    ...options,
  });
}

const never = (signal: AbortSignal) =>
  new Promise<void>((_, reject) =>
    signal.addEventListener('abort', () => reject(new Error('nobody listens'))),
  );

test('a process that ends before it is ready is an error with the end of its log', async () => {
  using folder = new TemporaryFolder('process-test');
  await using server = shell(folder, 'echo port is taken; exit 7', { ready: never });
  await assert.rejects(server.start(), (error) => {
    assert.ok(error instanceof TestingError);
    assert.equal(error.code, 'exited-early');
    assert.match(error.message, /script ended before it was ready \(exit code 7\)[^]*port is taken/);
    return true;
  });
});

test('a program that does not exist is an error, too', async () => {
  using folder = new TemporaryFolder('process-test');
  await using server = shell(folder, '', { file: '/no/such/program', ready: never });
  await assert.rejects(server.start(), { code: 'exited-early' });
});

test('a process that does not become ready in time is killed', async () => {
  using folder = new TemporaryFolder('process-test');
  await using server = shell(folder, 'exec sleep 60', { ready: never, readyTimeoutMs: 50 });
  await assert.rejects(server.start(), { code: 'not-ready', message: /nobody listens/ });
  await server.exited;
  assert.equal(alive(server.pid), false);
});

test('stop is polite first and forceful after its time', async () => {
  using folder = new TemporaryFolder('process-test');
  await using polite = shell(folder, 'trap "exit 0" TERM; while :; do sleep 0.01; done');
  await polite.start();
  await delay(50);
  assert.deepEqual(await polite.stop(), { code: 0, signal: null });
  await using deaf = shell(folder, 'trap "" TERM; while :; do sleep 0.01; done');
  await deaf.start();
  await delay(50);
  assert.deepEqual(await deaf.stop(), { code: null, signal: 'SIGKILL' });
});

test('a frozen process can be stopped, and started again as another one', async () => {
  using folder = new TemporaryFolder('process-test');
  await using server = shell(folder, 'exec sleep 60');
  await server.start();
  const first = server.pid;
  server.pause();
  assert.deepEqual(await server.stop(), { code: null, signal: 'SIGTERM' });
  assert.equal(server.running, false);
  await server.start();
  assert.notEqual(server.pid, first);
  assert.equal(server.running, true);
});

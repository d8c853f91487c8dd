import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { alive, ServerProcess, TemporaryFolder, until } from '@tributary/testing';
import { Supervisor } from '../../src/platform/supervisor.ts';

function script(folder: TemporaryFolder, text: string): ServerProcess {
  return new ServerProcess({
    name: 'script',
    file: 'sh',
    args: ['-c', text],
    env: process.env,
    logFile: join(folder.path, 'log'),
    ready: async () => undefined,
    readyTimeoutMs: 5000,
    stopTimeoutMs: 5000,
  });
}

test('a process that was killed is started again, and the new process id is made known', async () => {
  using folder = new TemporaryFolder('supervisor-test');
  await using server = script(folder, 'exec sleep 60');
  await server.start();
  const first = server.pid;
  const said: string[] = [];
  let changes = 0;
  const supervisor = new Supervisor(
    'script',
    server,
    (line) => said.push(line),
    () => changes++,
  );
  process.kill(first, 'SIGKILL');
  await until(() => changes === 1, { what: 'it runs again' });
  assert.notEqual(server.pid, first);
  assert.equal(said[0], 'script ended (SIGKILL), starting it again in 0.25 s');
  assert.equal(said[1], `script runs again (pid ${server.pid})`);
  await supervisor.stop();
  assert.equal(alive(server.pid), false);
});

test('a process that keeps ending is started after growing pauses', async () => {
  using folder = new TemporaryFolder('supervisor-test');
  await using server = script(folder, 'exit 3');
  await server.start();
  const said: string[] = [];
  const supervisor = new Supervisor(
    'script',
    server,
    (line) => said.push(line),
    () => undefined,
  );
  const pauses = () =>
    said.flatMap((line) => /exit code 3\), starting it again in (.*) s/.exec(line)?.[1] ?? []);
  await until(() => pauses().length >= 3, { what: 'three ends' });
  assert.deepEqual(pauses().slice(0, 3), ['0.25', '0.5', '1']);
  await supervisor.stop();
});

test('stopping during a pause does not wait for it and starts nothing', async () => {
  using folder = new TemporaryFolder('supervisor-test');
  await using server = script(folder, 'exit 0');
  await server.start();
  const said: string[] = [];
  const supervisor = new Supervisor(
    'script',
    server,
    (line) => said.push(line),
    () => undefined,
  );
  await until(() => said.length >= 3, { what: 'it is in its longer pauses' });
  const began = performance.now();
  await supervisor.stop();
  assert.ok(performance.now() - began < 400);
  assert.equal(server.running, false);
});

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { until } from '@tributary/testing';

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
const HAND_OVER = fixture('hand-over.mjs');

test('exit code and output are those of the script', () => {
  const { status, stderr } = spawnSync(process.execPath, [HAND_OVER, '/no/such/script.mjs'], {
    encoding: 'utf8',
  });
  assert.equal(status, 1);
  assert.match(stderr, /Cannot find module/);
});

test('one Ctrl-C, which arrives twice under npm, reaches the script once', async () => {
  const child = spawn(process.execPath, [HAND_OVER, fixture('count-signals.mjs')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const exit = once(child, 'exit');
  await until(() => said.includes('there'), { what: 'the script runs' });
  child.kill('SIGINT');
  await delay(20);
  child.kill('SIGINT');
  await delay(500);
  assert.equal(said, 'there\nSIGINT 1\n');
  child.kill('SIGINT');
  assert.deepEqual(await exit, [7, null]);
  assert.equal(said, 'there\nSIGINT 1\nSIGINT 2\n');
});

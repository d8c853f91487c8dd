import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { alive } from '../../src/process/alive.ts';
import { until } from '../../src/wait/until.ts';

const FIXTURE = fileURLToPath(new URL('../fixtures/abandon-children.ts', import.meta.url));

test('children and temporary folders do not survive a process that was killed', async () => {
  const { stdout, signal } = spawnSync(process.execPath, [FIXTURE], { encoding: 'utf8' });
  assert.equal(signal, 'SIGKILL');
  const { folder, pids } = JSON.parse(stdout) as { folder: string; pids: number[] };
  assert.equal(pids.length, 2);
  await until(() => !pids.some(alive), { what: 'the servers are gone' });
  await until(() => !existsSync(folder), { what: 'the folder is gone' });
});

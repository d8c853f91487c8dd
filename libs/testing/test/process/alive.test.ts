import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { alive } from '../../src/process/alive.ts';
import { until } from '../../src/wait/until.ts';

test('this process and the first one are alive, and no process has an impossible id', () => {
  assert.equal(alive(process.pid), true);
  assert.equal(alive(1), true);
  for (const pid of [0, -1, 1.5, NaN, 999_999_999]) assert.equal(alive(pid), false, String(pid));
});

test(
  'a process that has ended but was never waited for is not alive',
  { skip: !existsSync('/proc/self/stat') },
  async () => {
    // The shell becomes a sleep that does not know that it has a child, and so never asks for its exit code. The child
    // outlives the shell: a shell may ask by itself.
    const parent = spawn('sh', ['-c', 'sleep 1 & echo $!; exec sleep 30'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    await until(() => !alive(pid), { what: 'the child counts as ended' });
    assert.equal(process.kill(pid, 0), true, 'it is still in the table of processes');
    parent.kill('SIGKILL');
    await once(parent, 'exit');
  },
);

import { spawn } from 'node:child_process';
import { guard } from '@tributary/testing';

/** What a program printed until it ended, or until its time was over and it was killed. */
export interface Output {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
  readonly late: boolean;
}

/** Runs a program whose exit code and output both say something. */
export function outputOf(
  file: string,
  args: readonly string[],
  options: { cwd: string; timeoutMs: number; env?: NodeJS.ProcessEnv },
): Promise<Output> {
  return new Promise((resolve, reject) => {
    const { cwd, timeoutMs, env = process.env } = options;
    const child = spawn(file, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const release = child.pid === undefined ? () => {} : guard(`pid:${child.pid}`);
    let [stdout, stderr] = ['', ''];
    let late = false;
    child.stdout.setEncoding('utf8').on('data', (data: string) => (stdout += data));
    child.stderr.setEncoding('utf8').on('data', (data: string) => (stderr += data));
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, timeoutMs);
    child.once('error', reject);
    child.once('close', (code) => {
      clearTimeout(timer);
      release();
      resolve({ stdout, stderr, code, late });
    });
  });
}

import { readdirSync } from 'node:fs';
import { statFields } from './alive.ts';

const PATIENCE_MS = 1_000;
const STOPPED = new Set(['T', 't', 'Z', 'X']);
const timer = new Int32Array(new SharedArrayBuffer(4));

/**
 * A signal takes effect when a thread next leaves the kernel: until then a process with many of them may still answer.
 * Waits, without giving up the turn, until all threads stand still. Does nothing where /proc does not tell.
 */
export function waitUntilStopped(pid: number): void {
  const deadline = performance.now() + PATIENCE_MS;
  while (performance.now() < deadline && someRun(pid)) Atomics.wait(timer, 0, 0, 1);
}

function someRun(pid: number): boolean {
  try {
    return readdirSync(`/proc/${pid}/task`).some((thread) => !STOPPED.has(statFields(pid, thread)[0] ?? 'X'));
  } catch {
    return false;
  }
}

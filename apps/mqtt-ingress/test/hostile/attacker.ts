import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { AttackOrder, AttackReport } from './attack-contract.ts';

const SCRIPT = new URL('attack-process.ts', import.meta.url).pathname;
/** Connections may take this long to be judged once the time is up, in ms. */
const AFTER_MS = 40_000;

/** Runs the attacking process to its end. */
export async function attack(order: AttackOrder): Promise<AttackReport> {
  const { stdout } = await promisify(execFile)(process.execPath, [SCRIPT, JSON.stringify(order)], {
    timeout: order.ms + AFTER_MS,
    killSignal: 'SIGKILL',
  });
  return JSON.parse(stdout) as AttackReport;
}

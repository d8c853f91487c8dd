import { join } from 'node:path';
import { WORKSPACE } from '@tributary/testing';

/** Where profiles, and the logs of what went wrong, are left. */
export const BENCH_FOLDER = join(WORKSPACE, '.tributary', 'bench');

/** A new folder for the logs of what went wrong now. */
export function logFolder(): string {
  return join(BENCH_FOLDER, `logs-${new Date().toISOString().slice(0, 19).replaceAll(':', '')}`);
}

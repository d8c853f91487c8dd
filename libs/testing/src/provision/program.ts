import { execFile } from 'node:child_process';
import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { guard } from '../process/watchdog.ts';

// Servers such as mosquitto and haproxy live where Debian does not let an ordinary user's PATH look.
const SYSTEM_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

/** The full path of a program of this name, or undefined. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter).filter(Boolean), ...SYSTEM_FOLDERS];
  return folders.map((folder) => join(folder, name)).find(executable);
}

export function executable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(realpathSync(file)).isFile();
  } catch {
    return false;
  }
}

export interface Output {
  stdout: string;
  stderr: string;
}

/** Runs a program to its end. An exit code other than 0 is an error that carries the end of what it printed. */
export async function run(
  file: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<Output> {
  const running = promisify(execFile)(file, args, { env, maxBuffer: 64 * 1024 * 1024, encoding: 'utf8' });
  const { pid } = running.child;
  const release = pid === undefined ? undefined : guard(`pid:${pid}`);
  try {
    return await running;
  } catch (cause) {
    const printed =
      cause instanceof Error && 'stderr' in cause && 'stdout' in cause
        ? `${String(cause.stdout)}${String(cause.stderr)}`
        : '';
    const tail = printed.trim().split('\n').slice(-15).join('\n');
    throw new Error(tail || (cause instanceof Error ? cause.message : String(cause)), { cause });
  } finally {
    release?.();
  }
}

/**
 * What `test(name, { skip: skipWithout('haproxy') }, ...)` needs: false where the program is installed, else the
 * reason, which names it.
 */
export function skipWithout(...programs: string[]): string | false {
  const missing = programs.filter((name) => findProgram(name) === undefined);
  return missing.length > 0 && `needs ${missing.join(' and ')}, which is not installed`;
}

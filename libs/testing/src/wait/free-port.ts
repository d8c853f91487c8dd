import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { TestingError } from '../errors.ts';
import { alive } from '../process/alive.ts';

// Below the range from which Linux (32768) and macOS (49152) choose the local ports of outgoing connections: a port
// found free here is still free when its server is restarted on it.
const FIRST = 20_000;
const COUNT = 12_000;
const ATTEMPTS = 200;

const mine = new Set<string>();

/**
 * A TCP port of 127.0.0.1 that nothing listens on, reserved for this process until it ends: test files run side by
 * side, and a port that is merely free at this moment would be given to two of them.
 */
export async function freePort(): Promise<number> {
  const folder = join(tmpdir(), `tributary-ports-${userInfo().username}`);
  mkdirSync(folder, { recursive: true });
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
    if (reserve(join(folder, String(port))) && (await portIsFree(port))) return port;
  }
  throw new TestingError(
    'no-free-port',
    `no free port between ${FIRST} and ${FIRST + COUNT - 1} in ${ATTEMPTS} attempts`,
  );
}

/** Whether a server could listen on this port of `host` now. */
export function portIsFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

function reserve(file: string): boolean {
  if (mine.has(file)) return false;
  const owner = readOwner(file);
  if (owner !== undefined) {
    if (alive(owner)) return false;
    rmSync(file, { force: true });
  }
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
  } catch {
    return false;
  }
  if (mine.size === 0) process.once('exit', () => mine.forEach((path) => rmSync(path, { force: true })));
  mine.add(file);
  return true;
}

function readOwner(file: string): number | undefined {
  try {
    return Number(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

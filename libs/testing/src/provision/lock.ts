import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { TestingError } from '../errors.ts';
import { sameProcess, thisProcess } from '../process/process-identity.ts';

const OWNER = 'owner';
const POLL_MS = 100;
/** Removing a dead owner's lock takes microseconds; a removal this old was itself interrupted. */
const REMOVAL_MS = 10_000;

/**
 * Holds the lock folder `path` while `work` runs, across processes. The folder appears by an atomic rename, owner file
 * and all, so that nobody ever sees a lock without an owner; one whose owner has died is taken over.
 */
export async function withLock<T>(path: string, work: () => Promise<T>, timeoutMs = 30 * 60_000): Promise<T> {
  mkdirSync(dirname(path), { recursive: true });
  const deadline = performance.now() + timeoutMs;
  while (!acquire(path)) {
    if (removeIfAbandoned(path)) continue;
    if (performance.now() > deadline) {
      throw new TestingError('lock-timeout', `process ${ownerOf(path)?.split(' ')[0] ?? '?'} holds ${path}`);
    }
    await delay(POLL_MS);
  }
  try {
    return await work();
  } finally {
    remove(path);
  }
}

function acquire(path: string): boolean {
  const prepared = mkdtempSync(`${path}.`);
  writeFileSync(join(prepared, OWNER), thisProcess());
  try {
    renameSync(prepared, path);
    return true;
  } catch {
    rmSync(prepared, { recursive: true, force: true });
    return false;
  }
}

// Two who find the same dead owner must not both remove: the second would remove the first one's fresh lock.
function removeIfAbandoned(path: string): boolean {
  const owner = ownerOf(path);
  if (owner === undefined || sameProcess(owner)) return false;
  const removal = `${path}.removal`;
  try {
    mkdirSync(removal);
  } catch {
    const since = statSync(removal, { throwIfNoEntry: false })?.mtimeMs;
    if (since !== undefined && Date.now() - since > REMOVAL_MS)
      rmSync(removal, { recursive: true, force: true });
    return false;
  }
  if (ownerOf(path) === owner) remove(path);
  rmSync(removal, { recursive: true, force: true });
  return true;
}

// In one step: an emptied folder that is still there could be acquired, and then lose its new owner's file.
function remove(path: string): void {
  const grave = `${path}.${process.pid}.released`;
  renameSync(path, grave);
  rmSync(grave, { recursive: true, force: true });
}

function ownerOf(path: string): string | undefined {
  try {
    return readFileSync(join(path, OWNER), 'utf8');
  } catch {
    return undefined;
  }
}

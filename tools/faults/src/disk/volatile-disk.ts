import { fork, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { guard, TemporaryFolder } from '@tributary/testing';
import { FaultsError } from '../errors.ts';

export type DiskOrder = { kind: 'cut' } | { kind: 'slow'; syncMs: number };
export type DiskReply =
  { kind: 'mounted' } | { kind: 'failed'; why: string } | { kind: 'cut'; bytes: number } | { kind: 'slow' };

const SERVER = new URL('./volatile-disk-server.ts', import.meta.url);

/**
 * A disk with a cache that forgets: what was written is there to be read, and only what was synced survives a power cut. A
 * FUSE file system served by a process of its own. Needs root and /dev/fuse.
 */
export class VolatileDisk implements AsyncDisposable {
  /** A folder whose subfolder `store` is the disk. */
  readonly folder: string;
  readonly #temporary: TemporaryFolder;
  readonly #server: ChildProcess;

  private constructor(temporary: TemporaryFolder, server: ChildProcess) {
    this.folder = temporary.path;
    this.#temporary = temporary;
    this.#server = server;
  }

  /** @throws FaultsError 'disk' where it cannot be mounted */
  static async mount(): Promise<VolatileDisk> {
    const temporary = new TemporaryFolder('volatile-disk');
    const store = join(temporary.path, 'store');
    mkdirSync(store);
    const server = fork(SERVER, [store], { execArgv: [], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    const release = server.pid === undefined ? undefined : guard(`pid:${server.pid}`);
    server.once('exit', () => release?.());
    const disk = new VolatileDisk(temporary, server);
    const [reply] = (await Promise.race([once(server, 'message'), once(server, 'exit')])) as [
      DiskReply | number,
    ];
    if (typeof reply === 'object' && reply?.kind === 'mounted') return disk;
    await disk[Symbol.asyncDispose]();
    const why =
      typeof reply === 'object' && reply?.kind === 'failed' ? reply.why.trim() : 'its process ended';
    throw new FaultsError('disk', `no FUSE file system can be mounted: ${why}`);
  }

  /** The power fails: what was not synced is gone. Who uses the disk must be dead by now. Returns the bytes that are gone. */
  async cut(): Promise<number> {
    const reply = await this.#order({ kind: 'cut' });
    return reply.kind === 'cut' ? reply.bytes : 0;
  }

  /** From now on a sync takes as long as this, in ms. */
  async slow(syncMs: number): Promise<void> {
    await this.#order({ kind: 'slow', syncMs });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    spawnSync('umount', ['-l', join(this.folder, 'store')]);
    if (this.#server.exitCode === null && this.#server.signalCode === null) {
      const exit = once(this.#server, 'exit');
      this.#server.kill('SIGKILL');
      await exit;
    }
    this.#temporary[Symbol.dispose]();
  }

  async #order(order: DiskOrder): Promise<DiskReply> {
    const answered = once(this.#server, 'message');
    this.#server.send(order);
    const [reply] = (await answered) as [DiskReply];
    return reply;
  }
}

/** Why there can be no such disk here, or false. */
export function noVolatileDisk(): string | false {
  if (!existsSync('/dev/fuse')) return 'there is no /dev/fuse';
  return process.getuid?.() !== 0 && 'only root may mount a file system';
}

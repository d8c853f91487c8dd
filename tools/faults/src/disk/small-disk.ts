import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { TemporaryFolder } from '@tributary/testing';
import { FaultsError } from '../errors.ts';

const MIB = 1024 * 1024;
const BALLAST = 'ballast';

/** A file system in memory of a given size, which can be filled up to its last byte. Needs root. */
export class SmallDisk implements Disposable {
  /** A folder whose subfolder `store` is the disk. */
  readonly folder: string;
  readonly #temporary: TemporaryFolder;

  private constructor(temporary: TemporaryFolder) {
    this.folder = temporary.path;
    this.#temporary = temporary;
  }

  /** @throws FaultsError 'disk' where it cannot be mounted */
  static mount(sizeMib: number): SmallDisk {
    const temporary = new TemporaryFolder('small-disk');
    const store = join(temporary.path, 'store');
    mkdirSync(store);
    const mount = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeMib}m`, 'tmpfs', store], {
      encoding: 'utf8',
    });
    if (mount.status === 0) return new SmallDisk(temporary);
    temporary[Symbol.dispose]();
    throw new FaultsError('disk', `no tmpfs can be mounted: ${mount.stderr || String(mount.error)}`);
  }

  get #store(): string {
    return join(this.folder, 'store');
  }

  /** Leaves no byte. Returns how many it took, in MiB. */
  fill(): number {
    const file = openSync(join(this.#store, BALLAST), 'w');
    let bytes = 0;
    try {
      for (const size of [MIB, 4_096]) {
        const chunk = Buffer.alloc(size);
        try {
          for (;;) bytes += writeSync(file, chunk);
        } catch (error) {
          if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
        }
      }
    } finally {
      closeSync(file);
    }
    return Math.round(bytes / MIB);
  }

  /** Bytes left. */
  get free(): number {
    const { bavail, bsize } = statfsSync(this.#store);
    return bavail * bsize;
  }

  empty(): void {
    rmSync(join(this.#store, BALLAST), { force: true });
  }

  [Symbol.dispose](): void {
    spawnSync('umount', ['-l', this.#store]);
    this.#temporary[Symbol.dispose]();
  }
}

let mountable: string | false | undefined;

/** Why there can be no small disk here, or false. */
export function noSmallDisk(): string | false {
  if (mountable !== undefined) return mountable;
  try {
    SmallDisk.mount(1)[Symbol.dispose]();
    mountable = false;
  } catch (error) {
    mountable = error instanceof Error ? error.message.trim() : String(error);
  }
  return mountable;
}

/** A file or folder of a disk that lives in memory. */
export interface Inode {
  readonly id: number;
  /** Type and permissions, as stat(2) has them. */
  mode: number;
  /** Of a folder. */
  readonly children: Map<string, Inode> | undefined;
  readonly file: VolatileFile;
  modifiedMs: number;
  linked: boolean;
  opens: number;
}

/** What was written of a file, and what of it is safe. */
export class VolatileFile {
  #bytes: Buffer = Buffer.alloc(0);
  #size = 0;
  #safe: Buffer = Buffer.alloc(0);
  #safeSize = 0;
  /** The range in which `bytes` and `safe` may differ. */
  #from = Infinity;
  #to = 0;

  get size(): number {
    return this.#size;
  }

  /** Bytes that a power cut would take. */
  get unsafe(): number {
    return Math.max(0, Math.min(this.#to, this.#size) - this.#from);
  }

  read(offset: number, length: number): Buffer {
    return this.#bytes.subarray(Math.min(offset, this.#size), Math.min(offset + length, this.#size));
  }

  write(offset: number, data: Buffer): void {
    const end = offset + data.length;
    this.#bytes = withRoom(this.#bytes, end);
    data.copy(this.#bytes, offset);
    this.#touch(Math.min(offset, this.#size), end);
    this.#size = Math.max(this.#size, end);
  }

  truncate(size: number): void {
    this.#bytes = withRoom(this.#bytes, size);
    this.#bytes.fill(0, Math.min(size, this.#size), Math.max(size, this.#size));
    this.#touch(Math.min(size, this.#size), Math.max(size, this.#size));
    this.#size = size;
  }

  /** fsync: what was written is safe. */
  sync(): void {
    this.#safe = withRoom(this.#safe, this.#size);
    if (this.#to > this.#from) this.#bytes.copy(this.#safe, this.#from, this.#from, this.#to);
    this.#safeSize = this.#size;
    this.#from = Infinity;
    this.#to = 0;
  }

  /** The power fails: only what was safe is there. */
  cut(): void {
    this.#bytes = Buffer.from(this.#safe);
    this.#size = this.#safeSize;
    this.#from = Infinity;
    this.#to = 0;
  }

  #touch(from: number, to: number): void {
    this.#from = Math.min(this.#from, from);
    this.#to = Math.max(this.#to, to);
  }
}

/** The same bytes with room for `size`, zeros behind them. */
function withRoom(bytes: Buffer, size: number): Buffer {
  if (bytes.length >= size) return bytes;
  const larger = Buffer.alloc(Math.max(size, bytes.length * 2, 4_096));
  bytes.copy(larger);
  return larger;
}

export const DIRECTORY = 0o040000;
const ROOT = 1;

/**
 * A tree of files of which a power cut leaves what was synced. Names are safe at once, as in a journal: a file that was made
 * and never synced is there, and empty.
 */
export class VolatileFiles {
  readonly #inodes = new Map<number, Inode>();
  #next = ROOT;

  constructor() {
    this.#make(DIRECTORY | 0o755);
  }

  inode(id: number): Inode | undefined {
    return this.#inodes.get(id);
  }

  /** A new file or folder in a folder. */
  create(parent: Inode, name: string, mode: number): Inode {
    const inode = this.#make(mode);
    parent.children?.set(name, inode);
    return inode;
  }

  remove(parent: Inode, name: string): void {
    const inode = parent.children?.get(name);
    if (inode === undefined) return;
    parent.children?.delete(name);
    inode.linked = false;
    this.#forget(inode);
  }

  rename(parent: Inode, name: string, target: Inode, newName: string): void {
    const inode = parent.children?.get(name);
    if (inode === undefined) return;
    if (target.children?.get(newName) !== inode) this.remove(target, newName);
    parent.children?.delete(name);
    target.children?.set(newName, inode);
  }

  closed(inode: Inode): void {
    inode.opens--;
    this.#forget(inode);
  }

  /** The power fails. Returns the bytes that were written and are gone. */
  cut(): number {
    let gone = 0;
    for (const { file } of this.#inodes.values()) {
      gone += file.unsafe;
      file.cut();
    }
    return gone;
  }

  #make(mode: number): Inode {
    const inode: Inode = {
      id: this.#next++,
      mode,
      children: (mode & DIRECTORY) === DIRECTORY ? new Map() : undefined,
      file: new VolatileFile(),
      modifiedMs: Date.now(),
      linked: true,
      opens: 0,
    };
    this.#inodes.set(inode.id, inode);
    return inode;
  }

  #forget(inode: Inode): void {
    if (!inode.linked && inode.opens <= 0) this.#inodes.delete(inode.id);
  }
}

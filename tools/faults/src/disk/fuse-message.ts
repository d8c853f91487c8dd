import { DIRECTORY, type Inode } from './volatile-files.ts';

// The messages of /dev/fuse that a nats-server's store needs, as <linux/fuse.h> has them; little endian, as all machines
// that we run on.

export const Opcode = {
  LOOKUP: 1,
  FORGET: 2,
  GETATTR: 3,
  SETATTR: 4,
  MKDIR: 9,
  UNLINK: 10,
  RMDIR: 11,
  RENAME: 12,
  OPEN: 14,
  READ: 15,
  WRITE: 16,
  STATFS: 17,
  RELEASE: 18,
  FSYNC: 20,
  FLUSH: 25,
  INIT: 26,
  OPENDIR: 27,
  READDIR: 28,
  RELEASEDIR: 29,
  FSYNCDIR: 30,
  ACCESS: 34,
  CREATE: 35,
  INTERRUPT: 36,
  DESTROY: 38,
  BATCH_FORGET: 42,
  RENAME2: 45,
} as const;

export const Errno = { ENOENT: 2, EEXIST: 17, ENOTEMPTY: 39, ENOSYS: 38 } as const;

export const MAX_WRITE = 1024 * 1024;
/** Of a buffer that takes any request. */
export const REQUEST_BYTES = MAX_WRITE + 64 * 1024;
const HEADER_IN = 40;
const HEADER_OUT = 16;

export interface Request {
  opcode: number;
  unique: bigint;
  node: number;
  body: Buffer;
}

export function request(bytes: Buffer): Request {
  return {
    opcode: bytes.readUInt32LE(4),
    unique: bytes.readBigUInt64LE(8),
    node: Number(bytes.readBigUInt64LE(16)),
    body: bytes.subarray(HEADER_IN, bytes.readUInt32LE(0)),
  };
}

/** @param errno 0 for an answer with a body */
export function answer(unique: bigint, errno: number, body: Buffer = Buffer.alloc(0)): Buffer {
  const bytes = Buffer.alloc(HEADER_OUT + body.length);
  bytes.writeUInt32LE(bytes.length, 0);
  bytes.writeInt32LE(-errno, 4);
  bytes.writeBigUInt64LE(unique, 8);
  body.copy(bytes, HEADER_OUT);
  return bytes;
}

/** A name that ends with a zero byte, from `offset` on. */
export function name(body: Buffer, offset: number): string {
  return body.toString('utf8', offset, body.indexOf(0, offset));
}

export function number(body: Buffer, offset: number): number {
  return Number(body.readBigUInt64LE(offset));
}

const BIG_WRITES = 1 << 5;
const MAX_PAGES = 1 << 22;

export function initOut(body: Buffer): Buffer {
  const out = Buffer.alloc(64);
  out.writeUInt32LE(7, 0);
  out.writeUInt32LE(Math.min(body.readUInt32LE(4), 31), 4);
  out.writeUInt32LE((BIG_WRITES | MAX_PAGES) >>> 0, 12);
  out.writeUInt16LE(16, 16);
  out.writeUInt16LE(12, 18);
  out.writeUInt32LE(MAX_WRITE, 20);
  out.writeUInt32LE(1, 24);
  out.writeUInt16LE(MAX_WRITE / 4_096, 28);
  return out;
}

const ATTR_BYTES = 88;

function attr(inode: Inode): Buffer {
  const out = Buffer.alloc(ATTR_BYTES);
  const seconds = BigInt(Math.floor(inode.modifiedMs / 1_000));
  out.writeBigUInt64LE(BigInt(inode.id), 0);
  out.writeBigUInt64LE(BigInt(inode.file.size), 8);
  out.writeBigUInt64LE(BigInt(Math.ceil(inode.file.size / 512)), 16);
  for (const offset of [24, 32, 40]) out.writeBigUInt64LE(seconds, offset);
  for (const offset of [48, 52, 56]) out.writeUInt32LE((inode.modifiedMs % 1_000) * 1_000_000, offset);
  out.writeUInt32LE(inode.mode, 60);
  out.writeUInt32LE(inode.children === undefined ? 1 : 2, 64);
  out.writeUInt32LE(4_096, 80);
  return out;
}

/** Without a time for which the kernel may remember it. */
export function attrOut(inode: Inode): Buffer {
  return Buffer.concat([Buffer.alloc(16), attr(inode)]);
}

export function entryOut(inode: Inode): Buffer {
  const head = Buffer.alloc(40);
  head.writeBigUInt64LE(BigInt(inode.id), 0);
  return Buffer.concat([head, attr(inode)]);
}

const DIRECT_IO = 1;

/** What is read is asked for each time: the kernel keeps nothing that a power cut would have to take from it. */
export function openOut(handle: number): Buffer {
  const out = Buffer.alloc(16);
  out.writeBigUInt64LE(BigInt(handle), 0);
  out.writeUInt32LE(DIRECT_IO, 8);
  return out;
}

export function writeOut(bytes: number): Buffer {
  const out = Buffer.alloc(8);
  out.writeUInt32LE(bytes, 0);
  return out;
}

export function statfsOut(): Buffer {
  const out = Buffer.alloc(80);
  const blocks = BigInt(2 ** 40 / 4_096);
  for (const offset of [0, 8, 16, 24, 32]) out.writeBigUInt64LE(blocks, offset);
  out.writeUInt32LE(4_096, 40);
  out.writeUInt32LE(255, 44);
  out.writeUInt32LE(4_096, 48);
  return out;
}

/** As many of the entries from `offset` on as fit into `size` bytes. */
export function entries(all: readonly [name: string, inode: Inode][], offset: number, size: number): Buffer {
  const parts: Buffer[] = [];
  let length = 0;
  for (const [n, [text, inode]] of all.entries()) {
    if (n < offset) continue;
    const bytes = Buffer.from(text);
    const entry = Buffer.alloc(Math.ceil((24 + bytes.length) / 8) * 8);
    if (length + entry.length > size) break;
    entry.writeBigUInt64LE(BigInt(inode.id), 0);
    entry.writeBigUInt64LE(BigInt(n + 1), 8);
    entry.writeUInt32LE(bytes.length, 16);
    entry.writeUInt32LE((inode.mode & DIRECTORY) === DIRECTORY ? 4 : 8, 20);
    bytes.copy(entry, 24);
    parts.push(entry);
    length += entry.length;
  }
  return Buffer.concat(parts);
}

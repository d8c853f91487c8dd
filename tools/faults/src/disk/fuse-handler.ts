import {
  attrOut,
  entries,
  entryOut,
  Errno,
  initOut,
  name,
  number,
  Opcode,
  openOut,
  statfsOut,
  writeOut,
  type Request,
} from './fuse-message.ts';
import { DIRECTORY, type Inode, type VolatileFiles } from './volatile-files.ts';

const REGULAR = 0o100000;
const PERMISSIONS = 0o7777;
/** O_DSYNC, which O_SYNC includes. */
const SYNCED_WRITES = 0o10000;
const SETS_MODE = 1 << 0;
const SETS_SIZE = 1 << 3;
const NO_REPLACE = 1;

/** A body, or the number of an error. */
export type Outcome = Buffer | number;

const NOTHING = Buffer.alloc(0);

/** What the kernel asks, done to the files. Undefined where it wants no answer. */
export function handle(files: VolatileFiles, { opcode, node, body }: Request): Outcome | undefined {
  const inode = files.inode(node);
  switch (opcode) {
    case Opcode.INIT:
      return initOut(body);
    case Opcode.FORGET:
    case Opcode.BATCH_FORGET:
    case Opcode.INTERRUPT:
      return undefined;
    case Opcode.STATFS:
      return statfsOut();
    case Opcode.DESTROY:
    case Opcode.ACCESS:
    case Opcode.FLUSH:
    case Opcode.FSYNCDIR:
      return NOTHING;
  }
  return inode === undefined ? Errno.ENOENT : onInode(files, inode, opcode, body);
}

function onInode(files: VolatileFiles, inode: Inode, opcode: number, body: Buffer): Outcome {
  const { file } = inode;
  switch (opcode) {
    case Opcode.GETATTR:
      return attrOut(inode);
    case Opcode.SETATTR:
      return setAttr(inode, body);
    case Opcode.OPEN:
    case Opcode.OPENDIR:
      inode.opens++;
      return openOut(inode.id);
    case Opcode.RELEASE:
    case Opcode.RELEASEDIR:
      files.closed(inode);
      return NOTHING;
    case Opcode.READ:
      return file.read(number(body, 8), body.readUInt32LE(16));
    case Opcode.WRITE: {
      const size = body.readUInt32LE(16);
      file.write(number(body, 8), body.subarray(40, 40 + size));
      if (body.readUInt32LE(32) & SYNCED_WRITES) file.sync();
      inode.modifiedMs = Date.now();
      return writeOut(size);
    }
    case Opcode.FSYNC:
      file.sync();
      return NOTHING;
    default:
      return inFolder(files, inode, opcode, body);
  }
}

function setAttr(inode: Inode, body: Buffer): Outcome {
  const valid = body.readUInt32LE(0);
  if (valid & SETS_SIZE) {
    inode.file.truncate(number(body, 16));
    inode.modifiedMs = Date.now();
  }
  if (valid & SETS_MODE) inode.mode = (inode.mode & ~PERMISSIONS) | (body.readUInt32LE(68) & PERMISSIONS);
  return attrOut(inode);
}

function inFolder(files: VolatileFiles, folder: Inode, opcode: number, body: Buffer): Outcome {
  const { children } = folder;
  if (children === undefined) return Errno.ENOSYS;
  switch (opcode) {
    case Opcode.LOOKUP: {
      const found = children.get(name(body, 0));
      return found === undefined ? Errno.ENOENT : entryOut(found);
    }
    case Opcode.READDIR:
      return entries([...children], number(body, 8), body.readUInt32LE(16));
    case Opcode.MKDIR: {
      const wanted = name(body, 8);
      if (children.has(wanted)) return Errno.EEXIST;
      return entryOut(files.create(folder, wanted, DIRECTORY | (body.readUInt32LE(0) & PERMISSIONS)));
    }
    case Opcode.CREATE: {
      const wanted = name(body, 16);
      const mode = REGULAR | (body.readUInt32LE(4) & PERMISSIONS);
      const made = children.get(wanted) ?? files.create(folder, wanted, mode);
      made.opens++;
      return Buffer.concat([entryOut(made), openOut(made.id)]);
    }
    case Opcode.UNLINK:
    case Opcode.RMDIR: {
      const gone = children.get(name(body, 0));
      if (gone === undefined) return Errno.ENOENT;
      if (gone.children !== undefined && gone.children.size > 0) return Errno.ENOTEMPTY;
      files.remove(folder, name(body, 0));
      return NOTHING;
    }
    case Opcode.RENAME:
    case Opcode.RENAME2: {
      const names = opcode === Opcode.RENAME ? 8 : 16;
      const from = name(body, names);
      const to = name(body, names + Buffer.byteLength(from) + 1);
      const target = files.inode(number(body, 0));
      if (target?.children === undefined || !children.has(from)) return Errno.ENOENT;
      const keeps = opcode === Opcode.RENAME2 && (body.readUInt32LE(8) & NO_REPLACE) !== 0;
      if (keeps && target.children.has(to)) return Errno.EEXIST;
      files.rename(folder, from, target, to);
      return NOTHING;
    }
    default:
      return Errno.ENOSYS;
  }
}

// A process that serves one VolatileDisk: the kernel asks it through /dev/fuse, its parent tells it by messages.
import { spawnSync } from 'node:child_process';
import { openSync, read, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import { handle } from './fuse-handler.ts';
import { answer, Opcode, request, REQUEST_BYTES, type Request } from './fuse-message.ts';
import { VolatileFiles } from './volatile-files.ts';
import type { DiskOrder, DiskReply } from './volatile-disk.ts';

const OPTIONS = 'fd=3,rootmode=40000,user_id=0,group_id=0,default_permissions';

const tell = (reply: DiskReply): void => void process.send?.(reply);
const files = new VolatileFiles();
let syncMs = 0;

process.on('message', (order: DiskOrder) => {
  if (order.kind === 'cut') tell({ kind: 'cut', bytes: files.cut() });
  else {
    ({ syncMs } = order);
    tell({ kind: 'slow' });
  }
});
process.on('disconnect', () => process.exit(0));

const path = process.argv[2] ?? '';
const device = openSync('/dev/fuse', 'r+');
const mounting = spawnSync('mount', ['-i', '-t', 'fuse', '-o', OPTIONS, 'volatile-disk', path], {
  stdio: ['ignore', 'ignore', 'pipe', device],
  encoding: 'utf8',
});
if (mounting.status === 0) {
  tell({ kind: 'mounted' });
  await serve();
} else tell({ kind: 'failed', why: mounting.stderr || String(mounting.error) });

async function serve(): Promise<void> {
  const readInto = promisify(read);
  const buffer = Buffer.allocUnsafe(REQUEST_BYTES);
  for (;;) {
    let length: number;
    try {
      ({ bytesRead: length } = await readInto(device, buffer, 0, buffer.length, null));
    } catch (error) {
      if (!has(error, 'ENODEV')) throw error;
      process.exit(0); // It was unmounted.
    }
    const asked = request(buffer.subarray(0, length));
    // Safe is only what was waited for: a power cut meanwhile takes it. (A sync has no body, whose bytes would change.)
    if (asked.opcode === Opcode.FSYNC && syncMs > 0) setTimeout(() => serveOne(asked), syncMs);
    else serveOne(asked);
  }
}

function serveOne(asked: Request): void {
  const outcome = handle(files, asked);
  if (outcome !== undefined) reply(asked, outcome);
}

function reply({ unique }: Request, outcome: Buffer | number): void {
  const bytes = typeof outcome === 'number' ? answer(unique, outcome) : answer(unique, 0, outcome);
  try {
    writeSync(device, bytes);
  } catch (error) {
    // Who asked was killed and waits for no answer.
    if (!has(error, 'ENOENT')) throw error;
  }
}

function has(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

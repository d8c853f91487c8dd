import type { CursorEntry } from './cursors.ts';

/** One partition of the log as its server has it. */
export interface LogContent {
  readonly incarnation: string;
  /** Sequence of the first message kept. */
  readonly firstSequence: number;
  readonly messages: number;
  readonly bytes: number;
  /** Bound of the stream, in bytes. */
  readonly maxBytes: number;
}

/** Room that is made beyond what was missing, as a share of the bound: so that not every message asks for more. */
const SLACK = 0.05;

/** Up to where nobody needs the log any more: the lowest cursor of its readers; 0 if it has none. */
export function passedByAll(readers: readonly CursorEntry[]): number {
  return readers.length === 0 ? 0 : lowest(readers);
}

/** Whether the log holds more than the share of its bound that optional readers may use. */
export function isShort({ bytes, maxBytes }: LogContent, optionalFill: number): boolean {
  return bytes > optionalFill * maxBytes;
}

/**
 * Up to where optional readers have to be given up for the log to have room again: about half of what is missing, so
 * that whoever looks again after each step goes no further than needed, however unlike in size the messages are.
 *
 * @param settled what is behind this sequence must stay, for the duplicate window
 * @returns null if there is room, or if giving up would make none: a reader that is waited for, the duplicate window,
 * or a reader of another log is in the way
 */
export function giveUpTo(
  log: LogContent,
  readers: readonly CursorEntry[],
  settled: number,
  optionalFill: number,
): number | null {
  const missing = log.bytes - (optionalFill - SLACK) * log.maxBytes;
  if (missing <= 0 || log.messages === 0) return null;
  const awaited = readers.filter(({ cursor }) => !cursor.optional);
  const step = Math.ceil(missing / (log.bytes / log.messages) / 2);
  const upTo = Math.min(log.firstSequence - 1 + step, settled, lowest(awaited));
  if (upTo < log.firstSequence) return null;
  const behind = behindOf(readers, upTo);
  return behind.length > 0 && behind.every(({ cursor }) => cursor.incarnation === log.incarnation)
    ? upTo
    : null;
}

/** Readers that have not come to `sequence`. */
export function behindOf(readers: readonly CursorEntry[], sequence: number): CursorEntry[] {
  return readers.filter(({ cursor }) => cursor.sequence < sequence);
}

function lowest(readers: readonly CursorEntry[]): number {
  return Math.min(...readers.map(({ cursor }) => cursor.sequence));
}

import type { Cursor } from './cursor-record.ts';
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

/**
 * Where the reader is that has come least far; null without a reader. A cursor of another incarnation says nothing about
 * this log: its reader has read none of it.
 */
export function lowestOf(cursors: readonly Cursor[], incarnation: string): number | null {
  if (cursors.length === 0) return null;
  return Math.min(...cursors.map((cursor) => (cursor.incarnation === incarnation ? cursor.sequence : 0)));
}

/**
 * The last sequence that may be removed from the log; 0 for none.
 *
 * @param lowest where the last of the declared readers is; a log that nobody reads is kept
 * @param old the last sequence of which it is certain that it was stored before the duplicate window began
 */
export function purgeableUpTo(lowest: number | null, old: number): number {
  return Math.min(lowest ?? 0, old);
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
  const lowest = lowestOf(
    awaited.map(({ cursor }) => cursor),
    log.incarnation,
  );
  const upTo = Math.min(log.firstSequence - 1 + step, settled, lowest ?? Infinity);
  if (upTo < log.firstSequence) return null;
  const behind = behindOf(readers, upTo, log.incarnation);
  return behind.length > 0 && behind.every(({ cursor }) => cursor.incarnation === log.incarnation)
    ? upTo
    : null;
}

/** Readers of the log that have not come to `sequence`; those of another log are behind all of it. */
export function behindOf(
  readers: readonly CursorEntry[],
  sequence: number,
  incarnation: string,
): CursorEntry[] {
  return readers.filter(({ cursor }) => cursor.sequence < sequence || cursor.incarnation !== incarnation);
}

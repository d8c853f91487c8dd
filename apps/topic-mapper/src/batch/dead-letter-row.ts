import { encodeHeaders, OutKind, type OutRow } from '@tributary/contracts';
import { boundOf } from './part-cutter.ts';

/** Stands for the route where none is concerned. No route can be called so. */
export const NO_ROUTE = { unmatched: '_unmatched', envelope: '_envelope' } as const;

/** Codes of the mapper itself; the others are those of the mapping. */
export const DeadLetterCode = {
  unmatched: 'unmatched',
  /** The record would not fit in a message of OUT. */
  recordTooLarge: 'record-too-large',
  /** The message of the log is no intact envelope; the dead letter carries all of it. */
  envelopeCorrupt: 'envelope-corrupt',
  /** At replay: the mapping has no route of the letter's name any more, */
  routeMissing: 'route-missing',
  /** it has one, which does not take the message, */
  notTaken: 'not-taken',
  /** or the letter holds a part of its message only. */
  truncated: 'truncated',
} as const;

const MESSAGE_LIMIT = 500;

export interface DeadLetterInput {
  readonly route: string;
  readonly logSequence: number;
  readonly row: number;
  readonly timestampMs: number;
  /** The row as it stands in the log. */
  readonly bytes: Uint8Array;
  readonly code: string;
  readonly message: string;
}

/**
 * A dead letter as OUT carries it. What `maxBytes` has no room for is cut off the row's bytes, and the header
 * `truncated` then says how many there were.
 */
export function deadLetterRow(input: DeadLetterInput, maxBytes: number): OutRow {
  const { route, logSequence, row, timestampMs, bytes, code, message } = input;
  const reason: [string, Buffer][] = [
    ['code', Buffer.from(code)],
    ['message', Buffer.from(message.slice(0, MESSAGE_LIMIT))],
  ];
  const letter: OutRow = {
    kind: OutKind.deadLetter,
    topic: '',
    route,
    row,
    logSequence,
    timestampMs,
    key: null,
    headers: encodeHeaders(reason),
    value: bytes,
  };
  if (boundOf(letter) <= maxBytes) return letter;
  reason.push(['truncated', Buffer.from(String(bytes.length))]);
  const headers = encodeHeaders(reason);
  const room = maxBytes - boundOf({ ...letter, headers, value: null });
  return { ...letter, headers, value: bytes.subarray(0, Math.max(room, 0)) };
}

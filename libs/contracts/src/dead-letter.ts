import { ContractError } from './errors.ts';
import { decodeHeaders } from './frame/headers.ts';
import { EMPTY } from './frame/log-row.ts';
import { OutKind, RecordBatch, RecordBatchWriter, type OutRow } from './frame/record-batch.ts';
import { OutHeader } from './out-position.ts';

/**
 * A message that could not become a Kafka record, as stream TRIB_DEAD_<cluster> keeps it under
 * `subjects.deadLetter(...)`. Its data is a record batch whose first row says where the message stopped:
 *
 * - `deadLetter`: at mapping. The row's value is the row of the log; mapping it again is the replay.
 * - `record`: at Kafka. The row is the record as it was refused. A second row, if there is one, is a `deadLetter` row
 *   whose value is the row of the log that the record was made from; mapping that again is the replay. Without it,
 *   producing the record again is.
 */
export interface DeadLetter {
  /** Stable reason, e.g. `message-too-large`. */
  code: string;
  /** The reason in words, one line. */
  message: string;
  /** Incarnation of the log partition's stream. */
  incarnation: string;
  /** Mapping version in effect. */
  mapping: number;
  /** How often the message was tried, the first time included. */
  attempts: number;
  /** When the first letter of this message was made, milliseconds since the epoch. */
  firstSeenMs: number;
  /** Stream sequence of the letter whose replay ended in this one; 0: none. */
  replayOf: number;
  row: OutRow;
  /** Where `row` is a record: the row of the log that it was made from, if that could still be had. */
  original: Uint8Array | null;
}

/** NATS header names of a dead letter. The last three are missing in letters of before there were replays. */
export const DeadLetterHeader = {
  code: 'Trib-Code',
  message: 'Trib-Message',
  incarnation: OutHeader.incarnation,
  mapping: OutHeader.mapping,
  attempts: 'Trib-Attempts',
  firstSeen: 'Trib-First-Seen',
  replayOf: 'Trib-Replay-Of',
} as const;

const MESSAGE_LIMIT = 300;

export function deadLetterHeaders(letter: DeadLetter): [name: string, value: string][] {
  return [
    [DeadLetterHeader.code, oneLine(letter.code)],
    [DeadLetterHeader.message, oneLine(letter.message)],
    [DeadLetterHeader.incarnation, letter.incarnation],
    [DeadLetterHeader.mapping, String(letter.mapping)],
    [DeadLetterHeader.attempts, String(letter.attempts)],
    [DeadLetterHeader.firstSeen, String(letter.firstSeenMs)],
    ...(letter.replayOf === 0
      ? []
      : [[DeadLetterHeader.replayOf, String(letter.replayOf)] as [string, string]]),
  ];
}

/**
 * Encodes a letter. Where a refused record and its original together take more than `maxBytes`, the record is reduced
 * to its topic: it can be made again, the original cannot. If that is not enough, the original is left out.
 */
export function deadLetterData(letter: DeadLetter, maxBytes = Infinity): Buffer {
  const { row, original } = letter;
  if (original === null || row.kind !== OutKind.record) return batchOf(row);
  const source: OutRow = {
    ...row,
    kind: OutKind.deadLetter,
    topic: '',
    key: null,
    headers: EMPTY,
    value: original,
  };
  const whole = batchOf(row, source);
  if (whole.length <= maxBytes) return whole;
  const reduced = batchOf({ ...row, key: null, headers: EMPTY, value: null }, source);
  return reduced.length <= maxBytes ? reduced : batchOf(row);
}

/**
 * Reads a stored dead letter.
 * @param storedAtMs when it was stored: what a letter is dated by that does not say when it was first seen
 * @throws ContractError if it is not one
 */
export function openDeadLetter(
  get: (name: string) => string,
  data: Uint8Array,
  storedAtMs: number,
): DeadLetter {
  const [row, source, ...rest] = RecordBatch.open(data);
  if (row === undefined || rest.length > 0)
    throw new ContractError('row-invalid', 'a dead letter has one row or two');
  if (source && (row.kind !== OutKind.record || source.kind !== OutKind.deadLetter))
    throw new ContractError('row-invalid', 'the second row of a dead letter is not the original of a record');
  return { ...openDeadLetterHeaders(get, storedAtMs), row, original: source?.value ?? null };
}

/** What a letter says about itself without its data. */
export type DeadLetterHeaders = Omit<DeadLetter, 'row' | 'original'>;

export function openDeadLetterHeaders(get: (name: string) => string, storedAtMs: number): DeadLetterHeaders {
  return {
    code: get(DeadLetterHeader.code),
    message: get(DeadLetterHeader.message),
    incarnation: get(DeadLetterHeader.incarnation),
    mapping: Number(get(DeadLetterHeader.mapping)),
    attempts: Number(get(DeadLetterHeader.attempts) || 1),
    firstSeenMs: Number(get(DeadLetterHeader.firstSeen) || storedAtMs),
    replayOf: Number(get(DeadLetterHeader.replayOf)),
  };
}

/** What a dead letter row of OUT gives as its reason. @throws ContractError if its headers are damaged. */
export function deadLetterReason(row: OutRow): { code: string; message: string } {
  if (row.kind !== OutKind.deadLetter) throw new ContractError('row-invalid', 'a record has no reason');
  const headers = new Map(decodeHeaders(row.headers));
  return { code: text(headers.get('code')), message: text(headers.get('message')) };
}

/** The row of the log that a letter is about, whole; null if only a record is left, or a part of the row. */
export function originalOf({ row, original }: Pick<DeadLetter, 'row' | 'original'>): Uint8Array | null {
  if (row.kind === OutKind.record) return original;
  return new Map(decodeHeaders(row.headers)).has('truncated') ? null : (row.value ?? EMPTY);
}

function batchOf(...rows: OutRow[]): Buffer {
  const writer = new RecordBatchWriter();
  for (const row of rows) writer.append(row);
  return writer.finish();
}

function text(value: Buffer | undefined): string {
  return value?.toString('utf8') ?? '';
}

/** Header values of NATS end at the line's end, and their bytes count against the size of the message. */
function oneLine(value: string): string {
  const line = Buffer.from(value.replaceAll(/[\r\n\t]+/g, ' '));
  if (line.length <= MESSAGE_LIMIT) return line.toString('utf8').trim();
  return line
    .toString('utf8', 0, MESSAGE_LIMIT)
    .replace(/\ufffd+$/, '')
    .trim();
}

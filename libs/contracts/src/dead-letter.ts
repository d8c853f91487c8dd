import { ContractError } from './errors.ts';
import { decodeHeaders } from './frame/headers.ts';
import { OutKind, RecordBatch, RecordBatchWriter, type OutRow } from './frame/record-batch.ts';
import { OutHeader } from './out-position.ts';

/**
 * A message that could not become a Kafka record, as stream TRIB_DEAD_<cluster> keeps it under
 * `subjects.deadLetter(...)`. Its data is a record batch of one row, whose kind says where the message stopped:
 *
 * - `deadLetter`: at mapping. The row's value is the row of the log; mapping it again is the replay.
 * - `record`: at Kafka. The row is the record as it was refused; producing it again is the replay.
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
  row: OutRow;
}

/** NATS header names of a dead letter. */
export const DeadLetterHeader = {
  code: 'Trib-Code',
  message: 'Trib-Message',
  incarnation: OutHeader.incarnation,
  mapping: OutHeader.mapping,
} as const;

const MESSAGE_LIMIT = 300;

export function deadLetterHeaders(letter: DeadLetter): [name: string, value: string][] {
  return [
    [DeadLetterHeader.code, oneLine(letter.code)],
    [DeadLetterHeader.message, oneLine(letter.message)],
    [DeadLetterHeader.incarnation, letter.incarnation],
    [DeadLetterHeader.mapping, String(letter.mapping)],
  ];
}

export function deadLetterData(letter: DeadLetter): Buffer {
  const writer = new RecordBatchWriter();
  writer.append(letter.row);
  return writer.finish();
}

/** Reads a stored dead letter. @throws ContractError if it is not one. */
export function openDeadLetter(get: (name: string) => string, data: Uint8Array): DeadLetter {
  const batch = RecordBatch.open(data);
  if (batch.rows !== 1) throw new ContractError('row-invalid', `a dead letter with ${batch.rows} rows`);
  return {
    code: get(DeadLetterHeader.code),
    message: get(DeadLetterHeader.message),
    incarnation: get(DeadLetterHeader.incarnation),
    mapping: Number(get(DeadLetterHeader.mapping)),
    row: batch.row(0),
  };
}

/** What a dead letter row of OUT gives as its reason. @throws ContractError if its headers are damaged. */
export function deadLetterReason(row: OutRow): { code: string; message: string } {
  if (row.kind !== OutKind.deadLetter) throw new ContractError('row-invalid', 'a record has no reason');
  const headers = new Map(decodeHeaders(row.headers));
  return { code: text(headers.get('code')), message: text(headers.get('message')) };
}

function text(value: Buffer | undefined): string {
  return value?.toString('utf8') ?? '';
}

/** Header values of NATS end at the line's end. */
function oneLine(value: string): string {
  return value
    .replaceAll(/[\r\n\t]+/g, ' ')
    .slice(0, MESSAGE_LIMIT)
    .trim();
}

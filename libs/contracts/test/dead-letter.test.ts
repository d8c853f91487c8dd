import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ContractError,
  deadLetterData,
  deadLetterHeaders,
  deadLetterReason,
  encodeHeaders,
  openDeadLetter,
  OutKind,
  RecordBatchWriter,
  type DeadLetter,
  type OutRow,
} from '../src/mod.ts';

const row: OutRow = {
  kind: OutKind.record,
  topic: 'orders',
  route: 'all',
  row: 2,
  logSequence: 17,
  timestampMs: 1_700_000_000_000,
  key: Buffer.from('k'),
  headers: Buffer.alloc(0),
  value: Buffer.from('v'),
};
const letter: DeadLetter = {
  code: 'message-too-large',
  message: 'Kafka answered\r\nMESSAGE_TOO_LARGE',
  incarnation: '0123456789abcdef',
  mapping: 3,
  row,
};

test('a dead letter is read as it was written, its message on one line', () => {
  const headers = new Map(deadLetterHeaders(letter));
  const read = openDeadLetter((name) => headers.get(name) ?? '', deadLetterData(letter));
  assert.deepEqual(read, { ...letter, message: 'Kafka answered MESSAGE_TOO_LARGE' });
});

test('a dead letter holds exactly one row', () => {
  const writer = new RecordBatchWriter();
  writer.append(row);
  writer.append(row);
  assert.throws(() => openDeadLetter(() => '', writer.finish()), ContractError);
});

test('a dead letter row of OUT gives its reason', () => {
  const headers = encodeHeaders([
    ['code', Buffer.from('value-template')],
    ['message', Buffer.from('no such field')],
  ]);
  const reason = deadLetterReason({ ...row, kind: OutKind.deadLetter, headers });
  assert.deepEqual(reason, { code: 'value-template', message: 'no such field' });
  assert.throws(() => deadLetterReason(row), ContractError);
});

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import {
  ContractError,
  deadLetterData,
  deadLetterHeaders,
  deadLetterReason,
  encodeHeaders,
  openDeadLetter,
  openRow,
  originalOf,
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
  attempts: 2,
  firstSeenMs: 1_700_000_000_007,
  replayOf: 41,
  row,
  original: null,
};

function reread(written: DeadLetter, maxBytes?: number): DeadLetter {
  const headers = new Map(deadLetterHeaders(written));
  return openDeadLetter((name) => headers.get(name) ?? '', deadLetterData(written, maxBytes), 5);
}

describe('a dead letter', () => {
  it('is read as it was written, its message on one line', () => {
    assert.deepEqual(reread(letter), { ...letter, message: 'Kafka answered MESSAGE_TOO_LARGE' });
    const first = { ...letter, message: '', replayOf: 0, original: Buffer.from('the row of the log') };
    assert.deepEqual(reread(first), first);
  });

  it('gives its headers no more bytes than there is room for, whatever the language of the reason', () => {
    const { message } = reread({ ...letter, message: 'ü€'.repeat(200) });
    assert.ok(Buffer.byteLength(message) <= 300 && message.startsWith('ü€ü'), message);
    assert.equal(message.includes('\ufffd'), false);
  });

  it('has one row, or a refused record and its original', () => {
    const dead = { ...row, kind: OutKind.deadLetter };
    for (const rows of [[], [row, row], [dead, dead], [row, dead, dead]]) {
      const writer = new RecordBatchWriter();
      for (const each of rows) writer.append(each);
      assert.throws(() => openDeadLetter(() => '', writer.finish(), 0), ContractError, `${rows.length} rows`);
    }
  });

  it('that is too large gives up what the original can be mapped to again, then the original', () => {
    const large = {
      ...letter,
      row: { ...row, value: Buffer.alloc(1_000) },
      original: Buffer.alloc(500, 'o'),
    };
    assert.equal(reread(large, 2_000).row.value?.length, 1_000);
    const reduced = reread(large, 1_200);
    assert.deepEqual(
      [reduced.row.topic, reduced.row.value, reduced.original],
      ['orders', null, large.original],
    );
    const record = reread(large, 100);
    assert.deepEqual([record.row.value?.length, record.original], [1_000, null]);
  });

  it('says which row of the log it is about, if it has all of it', () => {
    const dead: OutRow = { ...row, kind: OutKind.deadLetter, value: Buffer.from('whole') };
    assert.equal(String(originalOf({ row: dead, original: null })), 'whole');
    const headers = encodeHeaders([['truncated', Buffer.from('9')]]);
    assert.equal(originalOf({ row: { ...dead, headers }, original: null }), null);
    assert.equal(originalOf({ row, original: null }), null);
    assert.equal(String(originalOf({ row, original: Buffer.from('source') })), 'source');
  });

  it('gives its reason while it is a row of OUT', () => {
    const headers = encodeHeaders([
      ['code', Buffer.from('value-template')],
      ['message', Buffer.from('no such field')],
    ]);
    const reason = deadLetterReason({ ...row, kind: OutKind.deadLetter, headers });
    assert.deepEqual(reason, { code: 'value-template', message: 'no such field' });
    assert.throws(() => deadLetterReason(row), ContractError);
  });
});

describe('a dead letter of before there were replays', () => {
  const vectors = JSON.parse(
    readFileSync(new URL('vectors/dead-letter-v1.json', import.meta.url), 'utf8'),
  ) as Record<'unmapped' | 'refused', { headers: Record<string, string>; data: string }>;
  const open = (name: keyof typeof vectors): DeadLetter => {
    const { headers, data } = vectors[name];
    return openDeadLetter((header) => headers[header] ?? '', Buffer.from(data, 'hex'), 1_800_000_000_000);
  };
  const first = { attempts: 1, firstSeenMs: 1_800_000_000_000, replayOf: 0, original: null };

  it('is read, dated by when it was stored: what could not be mapped', () => {
    const { row: found, ...rest } = open('unmapped');
    const reason = { code: 'payload-not-json', message: 'the payload is not JSON' };
    assert.deepEqual(rest, { ...reason, incarnation: '0123456789abcdef', mapping: 3, ...first });
    assert.deepEqual(deadLetterReason(found), reason);
    const original = openRow(originalOf({ row: found, original: null }) ?? Buffer.alloc(0));
    assert.deepEqual([original.topic, String(original.payload)], ['dev/7/temp', 'not json']);
  });

  it('is read, dated by when it was stored: what was refused', () => {
    const { row: found, ...rest } = open('refused');
    const reason = { code: 'message-too-large', message: 'Kafka says so' };
    assert.deepEqual(rest, { ...reason, incarnation: '0123456789abcdef', mapping: 3, ...first });
    assert.deepEqual([found.topic, String(found.key), String(found.value)], ['orders', 'k', 'v']);
  });

  it('is written in the same bytes still', () => {
    for (const name of ['unmapped', 'refused'] as const) {
      assert.equal(deadLetterData(open(name)).toString('hex'), vectors[name].data);
    }
  });
});

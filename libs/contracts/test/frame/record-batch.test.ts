import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  ContractError,
  decodeHeaders,
  encodeHeaders,
  Envelope,
  OutKind,
  RecordBatch,
  RecordBatchWriter,
  type OutRow,
} from '../../src/mod.ts';
import { outRowArbitrary } from './arbitraries.ts';

const vectors = JSON.parse(
  readFileSync(new URL('../vectors/record-batch.json', import.meta.url), 'utf8'),
) as Record<string, string>;

const record: OutRow = {
  kind: OutKind.record,
  topic: 'vehicles.vp',
  route: 'vehicle-positions',
  row: 3,
  logSequence: 4_294_967_297,
  timestampMs: 1_700_000_000_000,
  key: Buffer.from('18/423'),
  headers: encodeHeaders([
    ['mqtt.qos', Buffer.from('1')],
    ['mqtt.qos', Buffer.from('')],
  ]),
  value: Buffer.from('{}'),
};
const tombstone: OutRow = {
  ...record,
  kind: OutKind.deadLetter,
  key: null,
  value: null,
  headers: Buffer.alloc(0),
};

function encode(rows: readonly OutRow[]): Buffer {
  const writer = new RecordBatchWriter();
  for (const row of rows) writer.append(row);
  return writer.finish();
}

function plain(row: OutRow): unknown {
  const list = (value: Uint8Array | null): number[] | null => (value ? [...value] : null);
  const utf8 = (value: string): string => Buffer.from(value, 'utf8').toString('utf8');
  const { topic, route } = row;
  return {
    ...row,
    topic: utf8(topic),
    route: utf8(route),
    key: list(row.key),
    headers: list(row.headers),
    value: list(row.value),
  };
}

describe('record batch', () => {
  it('keeps its golden vectors, byte for byte', () => {
    assert.equal(encode([record]).toString('hex'), vectors['one record']);
    assert.equal(
      encode([record, tombstone]).toString('hex'),
      vectors['a record and a dead letter without bytes'],
    );
  });

  it('gives back any rows it was given, and tells null from empty', () => {
    fc.assert(
      fc.property(fc.array(outRowArbitrary, { maxLength: 20 }), (rows) => {
        assert.deepEqual([...RecordBatch.open(encode(rows))].map(plain), rows.map(plain));
      }),
    );
  });

  it('answers truncated, altered and foreign bytes with an error', () => {
    const whole = encode([record, tombstone]);
    for (let at = 0; at < whole.length; at++) {
      const altered = Buffer.from(whole);
      altered[at] = (altered[at] ?? 0) ^ 0x20;
      assert.throws(() => RecordBatch.open(altered), ContractError);
      assert.throws(() => RecordBatch.open(whole.subarray(0, at)), ContractError);
    }
    assert.throws(() => Envelope.open(whole), { code: 'frame-kind' });
  });
});

describe('headers', () => {
  it('keep order, repeated names and empty values', () => {
    const pair = fc.tuple(fc.string({ unit: 'grapheme', maxLength: 20 }), fc.uint8Array({ maxLength: 40 }));
    fc.assert(
      fc.property(fc.array(pair, { maxLength: 10 }), (headers) => {
        const decoded = decodeHeaders(encodeHeaders(headers)).map(([name, value]) => [name, [...value]]);
        assert.deepEqual(
          decoded,
          headers.map(([name, value]) => [name, [...value]]),
        );
      }),
    );
  });

  it('answer a block that is cut off with an error', () => {
    const block = encodeHeaders([['name', Buffer.from('value')]]);
    for (let length = 1; length < block.length; length++) {
      assert.throws(() => decodeHeaders(block.subarray(0, length)), { code: 'row-invalid' });
    }
  });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Reader, readRecordsBatch } from '@platformatic/kafka';
import fc from 'fast-check';
import type { ProducedRecord } from '../../src/mod.ts';
import { recordsCodec } from '../../src/platformatic/codecs.ts';
import { encodeRecordBatch } from '../../src/platformatic/record-batch.ts';

const bytes = fc.uint8Array({ maxLength: 300 });
const records = fc.array(
  fc.record({
    topic: fc.constant('t'),
    partition: fc.constant(0),
    key: fc.option(bytes),
    value: fc.option(bytes),
    headers: fc.array(fc.tuple(fc.string({ unit: 'binary', maxLength: 40 }), bytes), { maxLength: 4 }),
    timestampMs: fc.oneof(
      fc.nat(),
      fc.integer({ min: 1_500_000_000_000, max: 1_900_000_000_000 }),
      fc.maxSafeNat(),
    ),
  }),
  { minLength: 1, maxLength: 30 },
);
const identity = { producerId: 4711n, producerEpoch: 3, firstSequence: 2 ** 31 - 5, transactional: false };

for (const compression of ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const) {
  test(`what is encoded with compression ${compression} is what a consumer decodes`, async () => {
    await fc.assert(
      fc.asyncProperty(records, async (input) => {
        const encoded = await encodeRecordBatch(input, identity, recordsCodec(compression));
        const batch = readRecordsBatch(Reader.from(encoded));
        assert.equal(batch.length, encoded.length - 12);
        assert.equal(batch.magic, 2);
        assert.equal(batch.producerId, identity.producerId);
        assert.equal(batch.producerEpoch, identity.producerEpoch);
        assert.equal(batch.firstSequence, identity.firstSequence);
        assert.equal(batch.lastOffsetDelta, input.length - 1);
        assert.equal(batch.maxTimestamp, BigInt(Math.max(...input.map(({ timestampMs }) => timestampMs))));
        const decoded = batch.records.map(({ timestampDelta, key, value, headers }) => ({
          timestampMs: Number(batch.firstTimestamp + timestampDelta),
          key: key === null ? null : new Uint8Array(key),
          value: value === null ? null : new Uint8Array(value),
          headers: headers.map(([name, header]) => [
            name?.toString('utf8') ?? '',
            new Uint8Array(header ?? []),
          ]),
        }));
        const expected = input.map(({ timestampMs, key, value, headers }: ProducedRecord) => ({
          timestampMs,
          key,
          value,
          // A lone surrogate cannot be written in UTF-8.
          headers: headers.map(([name, header]) => [name.toWellFormed(), header]),
        }));
        assert.deepEqual(decoded, expected);
      }),
      { numRuns: 40 },
    );
  });
}

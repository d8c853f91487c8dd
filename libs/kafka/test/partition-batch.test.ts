import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { KafkaDriverError, type ProducedRecord } from '../src/mod.ts';
import { planRounds } from '../src/partition-batch.ts';

function record(partition: number, size: number, topic = 't'): ProducedRecord {
  return { topic, partition, key: null, value: new Uint8Array(size), headers: [], timestampMs: 1 };
}

const roomy = { maxBatchBytes: 1_000_000, maxRequestBytes: 16_000_000 };

test('records of a partition share a batch, partitions share a round', () => {
  const rounds = planRounds([record(0, 10), record(1, 10), record(0, 10)], roomy);
  assert.equal(rounds.length, 1);
  assert.deepEqual(
    rounds[0]!.batches.map(({ partition, indexes }) => [partition, indexes]),
    [
      [0, [0, 2]],
      [1, [1]],
    ],
  );
});

test('what does not fit a batch goes to a later round', () => {
  const rounds = planRounds([record(0, 600), record(0, 600), record(1, 600)], {
    ...roomy,
    maxBatchBytes: 1_000,
  });
  assert.deepEqual(
    rounds.map(({ batches }) => batches.map(({ indexes }) => indexes)),
    [[[0], [2]], [[1]]],
  );
});

test('a record larger than a batch travels alone, between what came before and what comes after', () => {
  const rounds = planRounds([record(0, 10), record(0, 5_000), record(0, 10)], {
    ...roomy,
    maxBatchBytes: 1_000,
  });
  assert.deepEqual(
    rounds.map(({ batches }) => batches.map(({ indexes }) => indexes)),
    [[[0]], [[1]], [[2]]],
  );
});

test('whatever comes, nothing is lost, doubled or out of order, and limits hold', () => {
  const input = fc.array(
    fc.record({ topic: fc.constantFrom('a', 'b'), partition: fc.nat(3), size: fc.nat(1_500) }),
    { maxLength: 200 },
  );
  const limits = { maxBatchBytes: 2_000, maxRequestBytes: 6_000 };
  fc.assert(
    fc.property(input, (list) => {
      const records = list.map(({ topic, partition, size }) => record(partition, size, topic));
      const rounds = planRounds(records, limits);
      const perPartition = new Map<string, number[]>();
      for (const { batches, bytes } of rounds) {
        assert.ok(batches.length > 0);
        assert.ok(bytes <= limits.maxRequestBytes || batches.length === 1);
        assert.equal(
          new Set(batches.map(({ topic, partition }) => `${topic}/${partition}`)).size,
          batches.length,
        );
        for (const { topic, partition, records: inBatch, indexes, bytes: size } of batches) {
          assert.ok(size <= limits.maxBatchBytes || inBatch.length === 1);
          const key = `${topic}/${partition}`;
          perPartition.set(key, [...(perPartition.get(key) ?? []), ...indexes]);
          inBatch.forEach((one, at) => assert.equal(one, records[indexes[at]!]));
        }
      }
      const expected = Map.groupBy(
        records.map((_, index) => index),
        (index) => `${records[index]!.topic}/${records[index]!.partition}`,
      );
      assert.deepEqual(new Map([...perPartition].sort()), new Map([...expected].sort()));
    }),
  );
});

for (const [what, broken] of [
  ['a negative partition', { ...record(0, 1), partition: -1 }],
  ['a partition that is no integer', { ...record(0, 1), partition: 1.5 }],
  ['a timestamp that is no number', { ...record(0, 1), timestampMs: NaN }],
  ['a timestamp before 1970', { ...record(0, 1), timestampMs: -5 }],
  ['no topic', { ...record(0, 1), topic: '' }],
] as const) {
  test(`${what} is a fault of the record, named by its index`, () => {
    assert.throws(
      () => planRounds([record(0, 1), broken], roomy),
      (error) =>
        error instanceof KafkaDriverError &&
        error.code === 'invalid-record' &&
        error.recordFault &&
        error.recordIndex === 1,
    );
  });
}

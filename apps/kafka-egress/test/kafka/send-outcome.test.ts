import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KafkaDriverError, type KafkaErrorFields } from '@tributary/kafka';
import type { PositionRecord } from '../../src/kafka/outgoing.ts';
import { outcomesOf } from '../../src/kafka/send-outcome.ts';

function record(topic: string, partition: number): PositionRecord {
  return {
    positions: true,
    position: null,
    topic,
    partition,
    key: null,
    value: null,
    headers: [],
    timestampMs: 0,
  };
}

const [a0, a1, b0, b1, b2, c1] = [
  record('t', 0),
  record('t', 1),
  record('t', 0),
  record('t', 1),
  record('other', 1),
  record('t', 1),
];
/** Three partitions' records; all have some for t/1. */
const shares = [[a0, a1], [b0, b1, b2], [c1]];

const stored = (topic: string, partition: number, count: number) => {
  return { topic, partition, firstOffset: 40n, lastOffset: 39n + BigInt(count) };
};

const cases: readonly {
  name: string;
  error: KafkaErrorFields;
  expected: readonly (readonly [kind: string, ...left: PositionRecord[]])[];
}[] = [
  {
    name: 'a lost connection concerns all',
    error: { code: 'connection', retryable: true },
    expected: [
      ['again', a0, a1],
      ['again', b0, b1, b2],
      ['again', c1],
    ],
  },
  {
    name: 'what is stored is counted in the order of the send',
    error: { code: 'connection', retryable: true, stored: [stored('t', 0, 1), stored('t', 1, 2)] },
    expected: [['stored'], ['again', b0, b2], ['again', c1]],
  },
  {
    name: 'several ranges of a place add up',
    error: { code: 'connection', retryable: true, stored: [stored('t', 1, 2), stored('t', 1, 1)] },
    expected: [['again', a0], ['again', b0, b2], ['stored']],
  },
  {
    name: 'a record that is named is at fault for its partition only',
    error: { code: 'message-too-large', recordFault: true, recordIndex: 3, topic: 't', partition: 1 },
    expected: [
      ['again', a0, a1],
      ['fault', b0, b1, b2],
      ['again', c1],
    ],
  },
  {
    name: 'a place that is named leaves those in suspicion who have something left for it',
    error: {
      code: 'invalid-record',
      recordFault: true,
      topic: 't',
      partition: 1,
      stored: [stored('t', 1, 1)],
    },
    expected: [
      ['again', a0],
      ['suspected', b0, b1, b2],
      ['suspected', c1],
    ],
  },
  {
    name: 'a place that only one has records for is its fault',
    error: { code: 'invalid-record', recordFault: true, topic: 'other', partition: 1 },
    expected: [
      ['again', a0, a1],
      ['fault', b0, b1, b2],
      ['again', c1],
    ],
  },
  {
    name: 'nothing named leaves all in suspicion who have something left',
    error: { code: 'message-too-large', recordFault: true, stored: [stored('t', 0, 2), stored('t', 1, 1)] },
    expected: [['stored'], ['suspected', b1, b2], ['suspected', c1]],
  },
  {
    name: 'a topic is the trouble of all who have records for it',
    error: { code: 'topic-authorization-failed', topicFault: true, retryable: true, topic: 't' },
    expected: [
      ['fault', a0, a1],
      ['fault', b0, b1, b2],
      ['fault', c1],
    ],
  },
  {
    name: 'and of nobody else',
    error: { code: 'unknown-topic-or-partition', topicFault: true, retryable: true, topic: 'other' },
    expected: [
      ['again', a0, a1],
      ['fault', b0, b1, b2],
      ['again', c1],
    ],
  },
  {
    name: 'a final failure without a reason is tried by each alone',
    error: { code: 'client' },
    expected: [
      ['suspected', a0, a1],
      ['suspected', b0, b1, b2],
      ['suspected', c1],
    ],
  },
];

for (const { name, error, expected } of cases) {
  test(name, () => {
    const outcomes = outcomesOf(shares, new KafkaDriverError('refused', error));
    const seen = outcomes.map((outcome) => [
      outcome.kind,
      ...(outcome.kind === 'stored' ? [] : outcome.left),
    ]);
    assert.equal(seen.length, expected.length);
    seen.forEach((each, share) => {
      const wanted = expected[share] ?? [];
      assert.equal(each.length, wanted.length, `share ${share}`);
      // By identity: equal records are still different ones.
      each.forEach((value, at) => assert.ok(value === wanted[at], `share ${share}, item ${at}`));
    });
  });
}

test('the culprit is named where it is known, and alone nobody is only suspected', () => {
  const named = new KafkaDriverError('', { code: 'invalid-timestamp', recordFault: true, recordIndex: 4 });
  const [, outcome] = outcomesOf(shares, named);
  assert.ok(outcome?.kind === 'fault' && outcome.culprit === b2);
  const unnamed = new KafkaDriverError('', { code: 'message-too-large', recordFault: true });
  assert.equal(outcomesOf([[a0, a1]], unnamed)[0]?.kind, 'fault');
  assert.equal(outcomesOf([[a0, a1]], new KafkaDriverError('', { code: 'client' }))[0]?.kind, 'again');
});

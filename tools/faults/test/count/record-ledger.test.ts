import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecordLedger } from '../../src/count/record-ledger.ts';

interface Case {
  title: string;
  /** How often the device sent each number. */
  sent: number[];
  acknowledged: number[];
  /** Numbers in the order of the topic. */
  records: number[];
  expected: { lost?: number; duplicated?: number; reordered?: number; unknown?: number };
}

const cases: Case[] = [
  { title: 'all there once', sent: [1, 1, 1], acknowledged: [0, 1, 2], records: [0, 1, 2], expected: {} },
  {
    title: 'acknowledged and missing',
    sent: [1, 1],
    acknowledged: [0, 1],
    records: [0],
    expected: { lost: 1 },
  },
  { title: 'not acknowledged and missing', sent: [1, 1], acknowledged: [0], records: [0], expected: {} },
  {
    title: 'twice though sent once',
    sent: [1, 1],
    acknowledged: [0, 1],
    records: [0, 0, 1],
    expected: { duplicated: 1 },
  },
  { title: 'twice because sent twice', sent: [2, 1], acknowledged: [0, 1], records: [0, 0, 1], expected: {} },
  {
    title: 'three times though sent twice',
    sent: [2],
    acknowledged: [0],
    records: [0, 0, 0],
    expected: { duplicated: 1 },
  },
  {
    title: 'first behind a later one',
    sent: [1, 1, 1],
    acknowledged: [0, 1, 2],
    records: [0, 2, 1],
    expected: { reordered: 1 },
  },
  {
    title: 'a batch that came again is no change of order',
    sent: [2, 2, 1],
    acknowledged: [0, 1, 2],
    records: [0, 1, 0, 1, 2],
    expected: {},
  },
  {
    title: 'a number that was never sent',
    sent: [1],
    acknowledged: [0],
    records: [0, 7],
    expected: { unknown: 1 },
  },
  {
    title: 'a record that is no number',
    sent: [1],
    acknowledged: [0],
    records: [0, Number.NaN],
    expected: { unknown: 1 },
  },
];

for (const { title, sent, acknowledged, records, expected } of cases) {
  test(title, () => {
    const ledger = new RecordLedger();
    for (const n of records) ledger.see('d1', n);
    const verdict = ledger.verdict([{ name: 'd1', qos: 1, sent, acknowledged: new Set(acknowledged) }]);
    const none = { lost: 0, duplicated: 0, reordered: 0, unknown: 0 };
    assert.deepEqual(verdict, { records: records.length, ...none, ...expected });
  });
}

test('a record of a device that is not there is unknown', () => {
  const ledger = new RecordLedger();
  ledger.see('d2', 0);
  assert.equal(ledger.verdict([]).unknown, 1);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SequenceLedger } from '../src/consume/sequence-ledger.ts';

interface Case {
  name: string;
  seen: number[];
  acknowledged: number;
  expected: { distinct: number; duplicated: number; reordered: number; lost: number };
}

const cases: Case[] = [
  { name: 'nothing', seen: [], acknowledged: 0, expected: counts(0, 0, 0, 0) },
  { name: 'all in order', seen: [1, 2, 3], acknowledged: 3, expected: counts(3, 0, 0, 0) },
  { name: 'the first lost', seen: [2, 3], acknowledged: 3, expected: counts(2, 0, 0, 1) },
  { name: 'one lost', seen: [1, 2, 4], acknowledged: 4, expected: counts(3, 0, 0, 1) },
  { name: 'the last ones lost', seen: [1], acknowledged: 4, expected: counts(1, 0, 0, 3) },
  { name: 'everything lost', seen: [], acknowledged: 2, expected: counts(0, 0, 0, 2) },
  { name: 'missing but never acknowledged', seen: [1, 3], acknowledged: 1, expected: counts(2, 0, 0, 0) },
  { name: 'one twice', seen: [1, 2, 2, 3], acknowledged: 3, expected: counts(3, 1, 0, 0) },
  { name: 'one three times', seen: [1, 1, 1], acknowledged: 1, expected: counts(1, 2, 0, 0) },
  { name: 'two exchanged', seen: [1, 3, 2, 4], acknowledged: 4, expected: counts(4, 0, 1, 0) },
  {
    name: 'late and then again',
    seen: [1, 3, 2, 2, 3],
    acknowledged: 3,
    expected: counts(3, 2, 1, 0),
  },
  {
    name: 'a whole batch repeated, as after a lost answer',
    seen: [1, 2, 3, 4, 1, 2, 3, 4, 5],
    acknowledged: 5,
    expected: counts(5, 4, 0, 0),
  },
];

for (const { name, seen, acknowledged, expected } of cases) {
  test(`counts ${name}`, () => {
    const ledger = new SequenceLedger(2);
    for (const number of seen) ledger.observe(1, number, 3, 1);
    const { distinct, duplicated, reordered, misplaced } = ledger.counts();
    const { lost } = ledger.missing(Uint32Array.of(0, acknowledged));
    assert.deepEqual({ distinct, duplicated, reordered, lost }, expected);
    assert.equal(misplaced, 0);
  });
}

test('names what is lost', () => {
  const ledger = new SequenceLedger(3);
  for (const number of [1, 2, 5]) ledger.observe(2, number, 0, 2);
  assert.deepEqual(ledger.missing(Uint32Array.of(0, 1, 7)), {
    lost: 5,
    outstanding: 3,
    examples: [
      { client: 1, number: 1 },
      { client: 2, number: 3 },
      { client: 2, number: 4 },
      { client: 2, number: 6 },
    ],
  });
});

test('counts messages in another partition or under the key of another client', () => {
  const ledger = new SequenceLedger(2);
  ledger.observe(0, 1, 0, 0);
  ledger.observe(0, 2, 4, 0);
  ledger.observe(0, 3, 0, 1);
  ledger.observe(1, 1, 0, -1);
  assert.equal(ledger.counts().misplaced, 3);
});

test('finds planted faults of every kind at once', () => {
  const plan = fc.record({
    total: fc.integer({ min: 1, max: 300 }),
    lost: fc.uniqueArray(fc.integer({ min: 1, max: 300 }), { maxLength: 20 }),
    repeated: fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 20 }),
    late: fc.uniqueArray(fc.integer({ min: 1, max: 299 }), { maxLength: 20 }),
  });
  fc.assert(
    fc.property(plan, ({ total, lost, repeated, late }) => {
      const sent = Array.from({ length: total }, (_, i) => i + 1).filter((number) => !lost.includes(number));
      const delayed = sent.filter((number) => late.includes(number) && number < (sent.at(-1) ?? 0));
      const again = repeated.filter((number) => sent.includes(number));
      const stream = [...sent.filter((number) => !delayed.includes(number)), ...delayed, ...again];
      const ledger = new SequenceLedger(1);
      for (const number of stream) ledger.observe(0, number, 0, 0);
      assert.deepEqual(ledger.counts(), {
        distinct: sent.length,
        duplicated: again.length,
        reordered: delayed.length,
        misplaced: 0,
      });
      assert.equal(ledger.missing(Uint32Array.of(total)).lost, total - sent.length);
    }),
  );
});

function counts(distinct: number, duplicated: number, reordered: number, lost: number): Case['expected'] {
  return { distinct, duplicated, reordered, lost };
}

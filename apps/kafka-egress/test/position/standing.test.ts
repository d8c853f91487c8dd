import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EgressPosition } from '../../src/position/position.ts';
import { standingOf, type Standing } from '../../src/position/standing.ts';

const at = (sequence: number, part = 1): EgressPosition => ({
  incarnation: 'log',
  out: 'out',
  sequence,
  part,
});
const knows = (
  own: EgressPosition | null,
  attempted: EgressPosition | null = null,
  others: string[] = [],
): Standing => ({ own, attempted, others });

const cases: [
  what: string,
  found: { own: EgressPosition | null; others: string[] },
  known: Standing,
  result: ReturnType<typeof standingOf>,
][] = [
  ['nothing, and nothing was tried', { own: null, others: [] }, knows(null), 'unchanged'],
  ['the first transaction was not committed', { own: null, others: [] }, knows(null, at(1)), 'unchanged'],
  ['the first transaction was committed', { own: at(1), others: [] }, knows(null, at(1)), 'attempted'],
  ['the former owner is still there', { own: null, others: ['a'] }, knows(null, at(1), ['a']), 'unchanged'],
  [
    'the former owner is gone with the first commit',
    { own: at(1), others: [] },
    knows(null, at(1), ['a']),
    'attempted',
  ],
  ['a later transaction was not committed', { own: at(4), others: [] }, knows(at(4), at(5)), 'unchanged'],
  ['a later transaction was committed', { own: at(5, 2), others: [] }, knows(at(5), at(5, 2)), 'attempted'],
  ['another owner came and removed ours', { own: null, others: ['b'] }, knows(at(4), at(5)), 'deposed'],
  [
    'another owner came before our first commit',
    { own: null, others: ['b'] },
    knows(null, at(5), ['a']),
    'deposed',
  ],
  ['a former owner wrote late', { own: at(4), others: ['a'] }, knows(at(4)), 'deposed'],
  ['all is gone', { own: null, others: [] }, knows(at(4), at(5)), 'lost'],
  ['the former owner is gone without us', { own: null, others: [] }, knows(null, null, ['a']), 'lost'],
];

for (const [what, found, known, result] of cases) {
  test(`standing: ${what}`, () => assert.equal(standingOf(found, known), result));
}

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
  found: { own: EgressPosition | null; keys: string[] },
  known: Standing,
  result: ReturnType<typeof standingOf>,
][] = [
  ['nothing, and nothing was tried', { own: null, keys: [] }, knows(null), 'unchanged'],
  ['the first transaction was not committed', { own: null, keys: [] }, knows(null, at(1)), 'unchanged'],
  ['the first transaction was committed', { own: at(1), keys: [] }, knows(null, at(1)), 'attempted'],
  ['the former owner is still there', { own: null, keys: ['a'] }, knows(null, at(1), ['a']), 'unchanged'],
  [
    'the former owner is gone with the first commit',
    { own: at(1), keys: [] },
    knows(null, at(1), ['a']),
    'attempted',
  ],
  ['a later transaction was not committed', { own: at(4), keys: [] }, knows(at(4), at(5)), 'unchanged'],
  ['a later transaction was committed', { own: at(5, 2), keys: [] }, knows(at(5), at(5, 2)), 'attempted'],
  ['another owner came and removed ours', { own: null, keys: ['b'] }, knows(at(4), at(5)), 'deposed'],
  [
    'another owner came before our first commit',
    { own: null, keys: ['b'] },
    knows(null, at(5), ['a']),
    'deposed',
  ],
  ['a former owner wrote late', { own: at(4), keys: ['a'] }, knows(at(4)), 'deposed'],
  ['all is gone', { own: null, keys: [] }, knows(at(4), at(5)), 'lost'],
  ['the former owner is gone without us', { own: null, keys: [] }, knows(null, null, ['a']), 'lost'],
];

for (const [what, found, known, result] of cases) {
  test(`standing: ${what}`, () => assert.equal(standingOf(found, known), result));
}

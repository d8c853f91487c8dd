import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HaltError } from '../../src/errors.ts';
import {
  FORMER_KEYS_KEPT,
  isKeyOf,
  keysToRemove,
  positionKey,
  positionScope,
  type EgressPosition,
} from '../../src/position/position.ts';
import { resumeAt, seenAround, type OutEnds } from '../../src/position/resume.ts';

const at = (sequence: number, part = 1, of: Partial<EgressPosition> = {}): EgressPosition => ({
  incarnation: 'log-a',
  out: 'out-a',
  sequence,
  part,
  ...of,
});
const out = (first: number, last: number, firstSequence = 1): OutEnds => ({
  incarnation: 'out-a',
  log: 'log-a',
  firstSequence,
  first: { sequence: first, part: 1 },
  last: { sequence: last, part: 2 },
});
const empty: OutEnds = { incarnation: 'out-a', log: 'log-a', firstSequence: 1, first: null, last: null };

const replayed: OutEnds = { ...out(1, 9), last: { sequence: 9, replay: 2, part: 1 } };

const cases: [
  what: string,
  found: EgressPosition[],
  ends: OutEnds,
  result: EgressPosition | null | string,
][] = [
  ['nothing yet', [], empty, null],
  ['nothing committed yet', [], out(1, 9), null],
  ['one position', [at(5)], out(1, 9), at(5)],
  ['all is committed', [at(9, 2)], out(9, 9, 40), at(9, 2)],
  ['the greatest counts, whoever wrote it last', [at(7), at(8, 2), at(8, 1)], out(1, 9), at(8, 2)],
  ['one of another life beside ours', [at(99, 1, { out: 'out-b' }), at(5)], out(1, 9), at(5)],
  ['another OUT', [at(5, 1, { out: 'out-b' })], out(1, 9), 'incarnation-unknown'],
  ['another log', [at(5, 1, { incarnation: 'log-b' })], out(1, 9), 'incarnation-unknown'],
  ['no position, but OUT was trimmed', [], out(5, 9, 12), 'position-missing'],
  ['behind the end of OUT', [at(10)], out(1, 9), 'position-beyond'],
  ['behind the last part of OUT', [at(9, 3)], out(1, 9), 'position-beyond'],
  ['OUT is empty', [at(1)], empty, 'position-beyond'],
  [
    'a replay is behind what the log gave',
    [at(9, 2), at(9, 1, { replay: 1 })],
    replayed,
    at(9, 1, { replay: 1 }),
  ],
  ['before what the log gave next', [at(8, 1, { replay: 4 }), at(9, 1)], out(1, 9), at(9, 1)],
  ['a position of before there were replays', [at(9, 2)], replayed, at(9, 2)],
  ['behind the last replay', [at(9, 1, { replay: 3 })], replayed, 'position-beyond'],
  ['before the first message, a replay', [at(9, 2)], { ...replayed, first: replayed.last }, 'position-gap'],
  ['before the beginning of OUT', [at(5)], out(6, 9, 7), 'position-gap'],
];

for (const [what, found, ends, result] of cases) {
  test(`resume: ${what}`, () => {
    if (typeof result === 'string') {
      const named = (error: unknown): boolean => error instanceof HaltError && error.code === result;
      assert.throws(() => resumeAt(found, ends, 'main, partition 0'), named);
    } else assert.deepEqual(resumeAt(found, ends, 'main, partition 0'), result);
  });
}

test('keys of owners belong to one scope only', () => {
  const scope = positionScope('main', 1, 1);
  assert.equal(isKeyOf(scope, positionKey(scope, 12)), true);
  assert.equal(isKeyOf(scope, positionKey(scope, 12, 3)), true);
  for (const other of [
    'main/1/11/3',
    'main/1/1',
    'main/1/1/',
    'main/1/1/x',
    'other/1/1/3',
    'main/1/1/2/3',
    'main/1/1/2.',
  ]) {
    assert.equal(isKeyOf(scope, other), false, other);
  }
});

test('an owner that woke up late does not remove the key of its successor, nor the keys of the last few before it', () => {
  const scope = positionScope('main', 1, 1);
  const found = Array.from({ length: FORMER_KEYS_KEPT + 4 }, (_, epoch) => positionKey(scope, epoch + 1));
  assert.deepEqual(keysToRemove(scope, found, FORMER_KEYS_KEPT + 3).toSorted(), [`${scope}/1`, `${scope}/2`]);
  assert.deepEqual(keysToRemove(scope, found, 1), []);
});

test('what another owner commits and trims while a new one starts is no finding', () => {
  const found = [at(5)];
  const [before, after] = [out(4, 9, 7), out(6, 9, 9)];
  assert.throws(() => resumeAt(found, after, 'main, partition 0'), { code: 'position-gap' });
  assert.deepEqual(resumeAt(found, seenAround(before, after), 'main, partition 0'), at(5));
  const [first, then] = [out(1, 9), out(6, 9, 9)];
  assert.throws(() => resumeAt([], then, 'main, partition 0'), { code: 'position-missing' });
  assert.equal(resumeAt([], seenAround(first, then), 'main, partition 0'), null);
});

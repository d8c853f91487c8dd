import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { OutPosition } from '@tributary/contracts';
import type { LogRange, RegisteredCursor, StreamIdentity } from '@tributary/log';
import { seenAround, startPosition, type StartPosition } from '../../src/partition/start-position.ts';

const log: StreamIdentity = {
  name: 'TRIB_LOG_1_0',
  incarnation: 'log',
  firstSequence: 11,
  lastSequence: 100,
};

function out(from: number, sequence: number, part = 1, parts = 1): OutPosition {
  return { incarnation: 'log', from, sequence, part, parts, mapping: 3, epoch: 7 };
}

function cursor(sequence: number, since = 0): RegisteredCursor {
  return { incarnation: 'log', sequence, since };
}

const when = { firstMs: 1, lastMs: 2 };

/** A cursor that was moved on over a range; `lost` is what its reader has recorded of it. */
function movedOver(from: number, to: number, lost?: LogRange): RegisteredCursor {
  const losses = lost && { messages: lost.to - lost.from + 1, ranges: [{ ...lost, ...when }] };
  return { ...cursor(to), givenUp: { from, to, ...when }, ...(losses && { lost: losses }) };
}

describe('where a partition begins', () => {
  const cases: [
    name: string,
    checkpoint: OutPosition | null,
    cursor: RegisteredCursor | null,
    want: Partial<StartPosition> | string,
  ][] = [
    ['behind the cursor while OUT is empty', null, cursor(40, 40), { covered: 40 }],
    ['at the very beginning of a log that still has it', null, cursor(10, 10), { covered: 10 }],
    ['behind OUT, wherever the cursor is', out(31, 50), cursor(20), { covered: 50, unfinished: null }],
    ['behind OUT without a cursor', out(31, 50), null, { covered: 50 }],
    [
      'with the batch that was begun',
      out(31, 50, 2, 3),
      cursor(30),
      { covered: 30, unfinished: out(31, 50, 2, 3) },
    ],
    [
      'where a cluster that had left was registered again',
      out(5, 8),
      cursor(60, 60),
      { covered: 8, passOverTo: 60 },
    ],
    [
      'there too with a batch that nobody can finish',
      out(5, 8, 1, 2),
      cursor(70, 60),
      { covered: 4, passOverTo: 60, unfinished: out(5, 8, 1, 2) },
    ],
    ['nowhere without OUT and cursor', null, null, 'reader-missing'],
    [
      'nowhere if OUT is of another log',
      { ...out(31, 50), incarnation: 'other' },
      cursor(20),
      'incarnation-unknown',
    ],
    [
      'nowhere if the cursor is of another log',
      null,
      { ...cursor(20), incarnation: 'other' },
      'incarnation-unknown',
    ],
    ['nowhere if OUT is ahead of the log', out(90, 101), cursor(20), 'position-beyond'],
    ['nowhere if the cursor is ahead of the log', null, cursor(101), 'position-beyond'],
    ['nowhere if the log lost its beginning', out(5, 9), cursor(9), 'position-gap'],
    ['nowhere if the log lost what the cursor held', null, cursor(9), 'position-gap'],
    ['nowhere if the log lost a part of the batch', out(9, 50, 1, 2), cursor(8), 'position-gap'],
    [
      'behind what was given up and is gone, not behind what is still there',
      out(1, 5),
      movedOver(4, 30),
      { covered: 5, lost: { from: 6, to: 10 } },
    ],
    [
      'behind OUT, if what was given up was mapped all the same',
      out(31, 50),
      movedOver(21, 40),
      { covered: 50 },
    ],
    ['with what is still there of what was given up', out(5, 12), movedOver(6, 40), { covered: 12 }],
    [
      'behind what was recorded as lost and not passed yet',
      out(1, 5),
      { ...movedOver(11, 30, { from: 6, to: 10 }) },
      { covered: 5, lost: { from: 6, to: 10 } },
    ],
    [
      'behind a batch that lost its beginning: a part of it would come twice',
      out(6, 20, 1, 3),
      movedOver(6, 15),
      { covered: 5, lost: { from: 6, to: 20 } },
    ],
    [
      'behind what was given up before OUT had anything',
      null,
      { ...movedOver(3, 30), since: 2 },
      { covered: 2, lost: { from: 3, to: 10 } },
    ],
    [
      'behind what was given up after the cluster was registered again',
      out(1, 2),
      { ...movedOver(7, 30), since: 6 },
      { covered: 2, passOverTo: 6, lost: { from: 7, to: 10 } },
    ],
    ['nowhere if more is gone than was given up', out(1, 5), movedOver(4, 9), 'position-gap'],
    ['nowhere if what was given up begins later', out(1, 5), movedOver(7, 30), 'position-gap'],
    [
      'nowhere if it was given up of another log',
      out(1, 5),
      { ...movedOver(4, 30), incarnation: 'other' },
      'position-gap',
    ],
  ];
  for (const [name, checkpoint, at, want] of cases) {
    it(name, () => {
      const find = (): StartPosition => startPosition({ checkpoint, cursor: at, log });
      if (typeof want === 'string') assert.throws(find, { name: 'HaltError', code: want });
      else assert.deepEqual(find(), { unfinished: null, passOverTo: 0, lost: null, ...want });
    });
  }
});

describe('a log that another owner goes on reading', () => {
  const before: StreamIdentity = { ...log, firstSequence: 51 };
  const after: StreamIdentity = { ...log, firstSequence: 61, lastSequence: 120 };

  it('is not one that lost its beginning', () => {
    const find = (seen: StreamIdentity): StartPosition =>
      startPosition({ checkpoint: out(51, 55), cursor: cursor(55), log: seen });
    assert.throws(() => find(after), { code: 'position-gap' });
    assert.equal(find(seenAround(before, after)).covered, 55);
  });

  it('is another one with another incarnation', () => {
    const anew = { ...after, incarnation: 'anew' };
    assert.equal(seenAround(before, anew), anew);
  });
});

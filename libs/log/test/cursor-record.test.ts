import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  advanced,
  isGivenUp,
  movedOn,
  readTo,
  withLoss,
  type RegisteredCursor,
} from '../src/cursor-record.ts';

const start: RegisteredCursor = { incarnation: 'log', sequence: 10, since: 0, optional: true };

function moved(cursor: RegisteredCursor, upTo: number, atMs: number): RegisteredCursor {
  const result = movedOn(cursor, upTo, atMs);
  assert.ok(result);
  return result;
}

describe('a cursor that is moved on', () => {
  it('remembers what it was moved over, in one range until the reader has passed it', () => {
    const twice = moved(moved(start, 20, 100), 35, 200);
    assert.deepEqual(twice, {
      ...start,
      sequence: 35,
      givenUp: { from: 11, to: 35, firstMs: 100, lastMs: 200 },
    });
    assert.equal(movedOn(twice, 35, 300), null, 'never back');
  });

  it('is not moved back by the report of a reader that still finds what was given up', () => {
    const given = moved(start, 20, 100);
    const half = advanced(given, { incarnation: 'log', sequence: 15 });
    assert.equal(half.sequence, 20);
    assert.deepEqual(half.givenUp, { from: 16, to: 20, firstMs: 100, lastMs: 100 });
    assert.deepEqual(advanced(half, { incarnation: 'log', sequence: 20 }), { ...start, sequence: 20 });
    assert.deepEqual(advanced(half, { incarnation: 'log', sequence: 25 }), { ...start, sequence: 25 });
  });

  it('forgets ranges of another log', () => {
    const given = moved(start, 20, 100);
    assert.deepEqual(advanced(given, { incarnation: 'new', sequence: 3 }), {
      ...start,
      incarnation: 'new',
      sequence: 3,
    });
  });

  it('tells what its reader really lost, counted once however often it is said', () => {
    const given = moved(start, 40, 100);
    const said = withLoss(given, { from: 16, to: 30 }, 500);
    assert.deepEqual(said.lost, {
      messages: 15,
      ranges: [{ from: 16, to: 30, firstMs: 100, lastMs: 100 }],
    });
    assert.deepEqual(said.givenUp, { from: 31, to: 40, firstMs: 100, lastMs: 100 });
    const again = withLoss(said, { from: 16, to: 38 }, 600);
    assert.equal(again.lost?.messages, 23);
    assert.equal(again.lost?.ranges.length, 1);
    assert.equal(again.sequence, 40);
    const whole = withLoss(again, { from: 16, to: 45 }, 600);
    assert.deepEqual([whole.sequence, whole.givenUp, whole.lost?.messages], [45, undefined, 30]);
  });

  it('keeps the last ranges and counts all', () => {
    let cursor = start;
    for (let n = 0; n < 100; n++) {
      const at = 100 * (n + 1);
      cursor = advanced(cursor, { incarnation: 'log', sequence: at });
      cursor = withLoss(moved(cursor, at + 10, n), { from: at + 1, to: at + 10 }, n);
    }
    assert.equal(cursor.lost?.messages, 1_000);
    assert.equal(cursor.lost?.ranges.length, 16);
    assert.equal(cursor.lost?.ranges.at(-1)?.to, 10_010);
  });

  it('covers a gap only if all of it is recorded', () => {
    const given = moved(start, 40, 100);
    const said = withLoss(given, { from: 11, to: 30 }, 500);
    for (const cursor of [given, said]) {
      assert.equal(isGivenUp(cursor, { from: 11, to: 40 }), true);
      assert.equal(isGivenUp(cursor, { from: 25, to: 33 }), true);
      assert.equal(isGivenUp(cursor, { from: 10, to: 40 }), false);
      assert.equal(isGivenUp(cursor, { from: 11, to: 41 }), false);
    }
    assert.equal(isGivenUp(start, { from: 11, to: 11 }), false);
  });

  it('knows how far its reader had come by itself', () => {
    const given = moved(start, 40, 100);
    assert.equal(readTo(start), 10);
    assert.equal(readTo(given), 10);
    assert.equal(readTo(withLoss(given, { from: 11, to: 30 }, 500)), 10);
    assert.equal(readTo(withLoss(given, { from: 11, to: 40 }, 500)), 10);
  });
});

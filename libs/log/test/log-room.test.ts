import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CursorEntry } from '../src/cursors.ts';
import { giveUpTo, isShort } from '../src/log-room.ts';

function reader(sequence: number, optional: boolean, incarnation = 'log'): CursorEntry {
  const cursor = { incarnation, sequence, since: 0, ...(optional && { optional: true as const }) };
  return { reader: `r${sequence}`, generation: 1, partition: 0, revision: 1, cursor };
}

/** 900 messages of 1,000 bytes, of 1,000,000 that fit: 100,000 above a fill of 0.8, 150,000 with the slack. */
const log = { incarnation: 'log', firstSequence: 101, messages: 900, bytes: 900_000, maxBytes: 1_000_000 };
const end = 1_000;

describe('giving up optional readers', () => {
  const cases: [name: string, readers: CursorEntry[], settled: number, want: number | null][] = [
    ['goes half the way to where there is room', [reader(100, true), reader(end, false)], end, 175],
    ['never passes a reader that is waited for', [reader(100, true), reader(120, false)], end, 120],
    [
      'does not begin if a reader that is waited for is in the way',
      [reader(100, true), reader(100, false)],
      end,
      null,
    ],
    ['never reaches into the duplicate window', [reader(100, true), reader(end, false)], 130, 130],
    ['does nothing while all is in the duplicate window', [reader(100, true), reader(end, false)], 0, null],
    ['does nothing if no optional reader is behind', [reader(600, true), reader(end, false)], end, null],
    ['does nothing for a reader of another log', [reader(100, true, 'old'), reader(end, false)], end, null],
    ['works with optional readers alone', [reader(100, true), reader(end, true)], end, 175],
  ];
  for (const [name, readers, settled, want] of cases) {
    it(name, () => assert.equal(giveUpTo(log, readers, settled, 0.8), want));
  }

  it('begins above the fill and ends below it', () => {
    const readers = [reader(100, true), reader(end, false)];
    const filled = (bytes: number) => ({ ...log, bytes });
    assert.equal(isShort(filled(800_000), 0.8), false);
    assert.equal(isShort(filled(800_001), 0.8), true);
    assert.notEqual(giveUpTo(filled(790_000), readers, end, 0.8), null, 'once begun it goes on');
    assert.equal(giveUpTo(filled(750_000), readers, end, 0.8), null);
    assert.equal(isShort(filled(1_000_000), 1), false, 'never with a fill of 1');
  });
});

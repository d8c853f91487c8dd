import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LogPlace } from '@tributary/contracts';
import { LogPositions } from '../../src/sessions/log-positions.ts';

const at = (logSequence: number, row: number, partition = 0): LogPlace => ({ partition, logSequence, row });

describe('positions in the log', () => {
  it('are past for what stands before them, in their partition', () => {
    const positions = new LogPositions();
    positions.note(at(5, 2), true, ['a']);
    assert.deepEqual(
      [at(4, 9), at(5, 1), at(5, 2), at(5, 3), at(6, 0), at(1, 0, 1)].map((place) =>
        positions.isPast(place, 'b'),
      ),
      [true, true, true, false, false, false],
    );
  });

  it('are past only for whom a row has been written to, until it is complete', () => {
    const positions = new LogPositions();
    positions.note(at(5, 2), false, ['a']);
    positions.note(at(5, 2), false, ['b']);
    const past = (): boolean[] => ['a', 'b', 'c'].map((client) => positions.isPast(at(5, 2), client));
    assert.deepEqual(past(), [true, true, false]);
    positions.note(at(5, 2), true, ['c']);
    assert.deepEqual(past(), [true, true, true]);
  });

  it('are saved as what is complete', () => {
    for (const [place, before, after] of [
      [at(5, 2), at(5, 1), at(5, 2)],
      [at(5, 0), at(4, 1_000), at(5, 0)],
    ] as const) {
      const positions = new LogPositions();
      positions.adopt(['one']);
      positions.note(place, false, ['a']);
      const restored = new LogPositions();
      restored.restore(positions.save());
      assert.deepEqual([restored.isPast(before, 'a'), restored.isPast(after, 'a')], [true, false]);
    }
  });

  it('mean nothing for another log', () => {
    const positions = new LogPositions();
    positions.adopt(['one', 'two']);
    positions.note(at(5, 2), true, []);
    positions.note(at(7, 2, 1), true, []);
    positions.adopt(['one', 'new']);
    assert.deepEqual([positions.isPast(at(5, 2), 'a'), positions.isPast(at(7, 2, 1), 'a')], [true, false]);
  });
});

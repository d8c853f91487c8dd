import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Channel, type BatchVerdict } from '../../src/delivery/channel.ts';

describe('a delivery channel', () => {
  function judged(...batches: [epoch: number, number: number][]): BatchVerdict[] {
    const channel = new Channel();
    return batches.map(([epoch, number]) => channel.judge({ channel: 0, epoch, number, logSequence: 0 }));
  }

  const cases: [what: string, batches: [number, number][], verdicts: BatchVerdict[]][] = [
    [
      'takes batches in order',
      [
        [5, 1],
        [5, 2],
        [5, 3],
      ],
      ['accepted', 'accepted', 'accepted'],
    ],
    [
      'knows a repeat',
      [
        [5, 1],
        [5, 2],
        [5, 2],
        [5, 1],
      ],
      ['accepted', 'accepted', 'repeated', 'repeated'],
    ],
    [
      'stops at a gap until it is filled',
      [
        [5, 1],
        [5, 3],
        [5, 2],
        [5, 3],
      ],
      ['accepted', 'gap', 'accepted', 'accepted'],
    ],
    [
      'wants the first of a new owner',
      [
        [5, 1],
        [9, 2],
        [9, 1],
      ],
      ['accepted', 'gap', 'accepted'],
    ],
    [
      'ignores an owner that was replaced',
      [
        [5, 1],
        [9, 1],
        [5, 2],
      ],
      ['accepted', 'accepted', 'stale'],
    ],
    [
      'ignores an owner as soon as it has heard of the next',
      [
        [5, 1],
        [9, 7],
        [5, 2],
      ],
      ['accepted', 'gap', 'stale'],
    ],
  ];
  for (const [what, batches, verdicts] of cases) {
    it(what, () => assert.deepEqual(judged(...batches), verdicts));
  }

  it('delivers each message of the log once, whatever owners repeat', () => {
    const position = fc.tuple(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 0, max: 3 }));
    fc.assert(
      fc.property(fc.array(position, { minLength: 1, maxLength: 80 }), (starts) => {
        // Each owner begins somewhere at or before what its predecessor came to, and reads on for a while.
        const channel = new Channel();
        const log = Array.from({ length: 120 }, (_, n): [number, number] => [1 + (n >> 2), n & 3]);
        const delivered: string[] = [];
        let reached = 0;
        for (const [sequence, row] of starts) {
          const from = Math.min((sequence - 1) * 4 + row, reached);
          const to = Math.min(from + 13, log.length);
          for (const [s, r] of log.slice(from, to)) if (!channel.seen(s, r)) delivered.push(`${s}/${r}`);
          reached = Math.max(reached, to);
        }
        assert.deepEqual(
          delivered,
          log.slice(0, reached).map(([s, r]) => `${s}/${r}`),
        );
      }),
    );
  });

  it('takes sequence 0 for no news of the log', () => {
    const channel = new Channel();
    assert.deepEqual(
      [channel.seen(7, 0), channel.seen(0, 0), channel.seen(0, 0), channel.seen(7, 0)],
      [false, false, false, true],
    );
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { lowestOf, wasStored } from '@tributary/log';
import { explore, type Exploration } from '@tributary/testing';
import { startPosition } from '../../src/partition/start-position.ts';
import { MapperModel } from './mapper-model.ts';
import { SHIPPED, type Bounds, type Rules } from './mapper-rules.ts';

const none: Bounds = {
  messages: 2,
  releases: [1, 1],
  crashes: 0,
  moves: 0,
  losses: 0,
  mappings: 0,
  recreations: 0,
};

function report(what: string, { states, transitions, ms, finding }: Exploration): void {
  console.log(`${what}: ${states} states, ${transitions} transitions, ${ms} ms`);
  if (finding) console.log(`  ${finding.what}, after\n    ${finding.trace.join('\n    ')}`);
}

describe('mapper model: OUT has each row once, in order, and nothing is stuck', () => {
  const explorations: [what: string, bounds: Partial<Bounds>][] = [
    ['two owners, a crash, a late write', { crashes: 1, moves: 1, losses: 1 }],
    ['two owners, two late writes', { moves: 1, losses: 2 }],
    ['two crashes, a late write', { crashes: 2, losses: 1 }],
    ['the lease goes and comes back, a late write', { messages: 1, moves: 2, losses: 1 }],
    ['three messages, two owners', { messages: 3, moves: 1 }],
    ['another mapping, two owners, a late write', { mappings: 1, moves: 1, losses: 1 }],
    ['another mapping, two owners, a crash', { messages: 1, mappings: 1, moves: 1, crashes: 1, losses: 1 }],
    ['owners of two releases, a late write', { releases: [1, 2], moves: 1, losses: 1 }],
    ['owners of two releases, a crash', { messages: 1, releases: [1, 2], moves: 2, crashes: 1 }],
    ['log created anew, two owners', { recreations: 1, moves: 1 }],
    ['log created anew, a crash, a late write', { recreations: 1, crashes: 1, losses: 1 }],
  ];
  for (const [what, bounds] of explorations) {
    it(what, () => {
      const exploration = explore(new MapperModel({ ...none, ...bounds }));
      report(what, exploration);
      assert.equal(exploration.finding, null);
    });
  }
});

describe('mapper model: each fence is needed', () => {
  const fences: [fence: string, bounds: Partial<Bounds>, without: Partial<Rules>][] = [
    ['a write to OUT expects the last sequence', { moves: 1 }, { accepts: () => true }],
    ['after "wrong last sequence" the last message is compared', { moves: 1 }, { wasStored: () => true }],
    [
      'the epoch tells an own message from that of another owner',
      { releases: [1, 2], moves: 1 },
      { wasStored: (last, wanted) => wasStored({ ...last, epoch: wanted.epoch }, wanted) },
    ],
    [
      'the range tells an own message from that of another owner',
      { moves: 1 },
      {
        wasStored: (last, wanted) => {
          const { epoch, sequence } = wanted;
          return wasStored({ ...last, epoch, sequence }, wanted);
        },
      },
    ],
    [
      'the part tells an own message from that of another owner',
      { moves: 1 },
      {
        wasStored: (last, wanted) => {
          const { epoch, part } = wanted;
          return wasStored({ ...last, epoch, part }, wanted);
        },
      },
    ],
    [
      'the mapping version tells an own message from that of another owner',
      { mappings: 1, moves: 1 },
      {
        wasStored: (last, wanted) => {
          const { epoch, mapping } = wanted;
          return wasStored({ ...last, epoch, mapping }, wanted);
        },
      },
    ],
    [
      'a batch cut short is not begun again',
      { crashes: 1 },
      { startPosition: (seen) => ({ ...startPosition(seen), unfinished: null }) },
    ],
    [
      'a batch cut short is not taken as complete',
      { crashes: 1 },
      {
        startPosition: (seen) => {
          const checkpoint = seen.checkpoint && { ...seen.checkpoint, part: seen.checkpoint.parts };
          return startPosition({ ...seen, checkpoint });
        },
      },
    ],
    [
      'a batch cut short is finished with its mapping version',
      { crashes: 1, mappings: 1 },
      { mappingOf: (_, active) => active, verifyRemade: () => {} },
    ],
    [
      'a batch made again is compared with what OUT holds',
      { crashes: 1, moves: 1, releases: [1, 2] },
      { verifyRemade: () => {} },
    ],
    ['the trim leaves the last message of OUT', { crashes: 1 }, { keepsLast: false }],
    [
      'the purge stays behind the lowest cursor',
      { crashes: 1 },
      { lowestOf: (cursors) => Math.max(...cursors.map(({ sequence }) => sequence)) },
    ],
    [
      'the cursor passes only what is in OUT',
      { crashes: 1 },
      { reported: ({ batch, covered }) => batch?.sequence ?? covered },
    ],
    [
      'a checkpoint belongs to one incarnation of the log',
      { crashes: 1, recreations: 1 },
      {
        startPosition: ({ checkpoint, cursor, log }) => {
          const { incarnation } = log;
          return startPosition({
            checkpoint: checkpoint && { ...checkpoint, incarnation },
            cursor: cursor && { ...cursor, incarnation },
            log,
          });
        },
      },
    ],
    [
      'a cursor belongs to one incarnation of the log',
      { recreations: 1 },
      { lowestOf: (cursors) => lowestOf(cursors, 'a') },
    ],
    [
      'the beginning of the log is looked up before the checkpoint',
      { moves: 1, crashes: 1 },
      { seenAround: (_, after) => after },
    ],
    ['a hole in front of a reader is no finding', { moves: 1, crashes: 1 }, { isFinding: () => true }],
  ];
  for (const [fence, bounds, without] of fences) {
    it(fence, () => {
      const intact = explore(new MapperModel({ ...none, ...bounds }));
      assert.equal(intact.finding, null, 'with it nothing is found');
      const exploration = explore(new MapperModel({ ...none, ...bounds }, { ...SHIPPED, ...without }));
      report(`without: ${fence}`, exploration);
      assert.notEqual(exploration.finding, null);
    });
  }
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { explore, type Exploration } from '@tributary/testing';
import { keysToRemove, positionKey } from '../../src/position/position.ts';
import { resumeAt } from '../../src/position/resume.ts';
import { EgressModel } from './egress-model.ts';
import { AT_LEAST_ONCE, EXACTLY_ONCE, type Bounds, type Rules } from './egress-rules.ts';
import { SCOPE } from './egress-world.ts';

const none: Bounds = { messages: 3, crashes: 0, moves: 0, losses: 0, recreations: 0 };

function report(what: string, { states, transitions, ms, finding }: Exploration): void {
  console.log(`${what}: ${states} states, ${transitions} transitions, ${ms} ms`);
  if (finding) console.log(`  ${finding.what}, after\n    ${finding.trace.join('\n    ')}`);
}

const explored = new Map<string, Exploration>();

/** With all fences; once for each bounds. */
function intact(mode: string, bounds: Partial<Bounds>, rules: Rules): Exploration {
  const all = { ...none, ...bounds };
  const key = `${mode} ${JSON.stringify(all)}`;
  const exploration = explored.get(key) ?? explore(new EgressModel(all, rules));
  explored.set(key, exploration);
  return exploration;
}

const explorations: [what: string, bounds: Partial<Bounds>][] = [
  ['two owners, a crash, a late request', { messages: 2, crashes: 1, moves: 1, losses: 1 }],
  ['two owners, two late requests', { moves: 1, losses: 2 }],
  ['two crashes, a late request', { crashes: 2, losses: 1 }],
  ['the lease goes and comes back, a crash', { messages: 2, moves: 2, crashes: 1 }],
  ['two owners, a crash, three messages', { moves: 1, crashes: 1 }],
  ['OUT created anew, two owners', { moves: 1, recreations: 1 }],
  ['OUT created anew, a crash, a late request', { crashes: 1, losses: 1, recreations: 1 }],
];

type Fence = [fence: string, bounds: Partial<Bounds>, without: Partial<Rules>];

/** A position counts for whatever OUT there is. */
const anyIncarnation: Rules['resumeAt'] = (found, out, where) =>
  resumeAt(
    found.map((position) => ({ ...position, out: out.incarnation })),
    out,
    where,
  );

const common: Fence[] = [
  [
    'the trim keeps the message of the position',
    { crashes: 1 },
    { firstToKeep: ({ committed }) => (committed ? committed.outSequence + 1 : 0) },
  ],
  [
    'the trim waits for the position',
    { crashes: 1 },
    { firstToKeep: ({ flight, next }) => (flight ? next - 1 : 0) },
  ],
  [
    'a position belongs to one incarnation of OUT',
    { crashes: 1, recreations: 1 },
    { resumeAt: anyIncarnation },
  ],
];

const modes: [mode: string, rules: Rules, fences: Fence[]][] = [
  [
    'at least once: nothing lost, first occurrences in order, nothing stuck',
    AT_LEAST_ONCE,
    [
      ...common,
      ['each owner has a key of its own', { moves: 1, crashes: 1 }, { keyOf: () => positionKey(SCOPE, 0) }],
      [
        'an owner goes on under another key after a send that failed',
        { crashes: 1, losses: 1 },
        { keyOf: (epoch) => positionKey(SCOPE, epoch) },
      ],
      [
        'the greatest position counts',
        { moves: 1, crashes: 1 },
        { resumeAt: (found, out, where) => resumeAt(found.slice(0, 1), out, where) },
      ],
      ['the position travels behind its records', { crashes: 1 }, { travels: (_, own) => own }],
      [
        'keys of former owners stay',
        { moves: 1, crashes: 1 },
        { keysToRemove: (scope, found, epoch) => keysToRemove(scope, found, epoch, 0) },
      ],
      [
        'keys of later owners stay',
        { moves: 1, crashes: 1 },
        { keysToRemove: (scope, found, epoch) => found.filter((key) => key > positionKey(scope, epoch)) },
      ],
      [
        'the beginning of OUT is looked up before the position',
        { moves: 1, crashes: 1 },
        { seenAround: (_, after) => after },
      ],
      ['a hole in front of a reader is no finding', { moves: 1, crashes: 1 }, { isFinding: () => true }],
    ],
  ],
  [
    'exactly once: each record once, in order, nothing stuck',
    EXACTLY_ONCE,
    [
      ...common,
      ['InitProducerId fences the owner before', { moves: 1 }, { fences: false }],
      ['the producer has its id before the position is read', { moves: 1 }, { connectsFirst: false }],
      ['the position is in the transaction of its records', { crashes: 1 }, { oneTransaction: false }],
      ['positions are read by read_committed', { crashes: 1 }, { readsCommitted: false }],
      ['what the position covers is passed over', { crashes: 1 }, { skips: false }],
    ],
  ],
];

for (const [mode, rules, fences] of modes) {
  describe(`egress model, ${mode}`, () => {
    for (const [what, bounds] of explorations) {
      it(what, () => {
        const exploration = intact(mode, bounds, rules);
        report(`${mode}; ${what}`, exploration);
        assert.equal(exploration.finding, null);
      });
    }
    for (const [fence, bounds, without] of fences) {
      it(`needed: ${fence}`, () => {
        assert.equal(intact(mode, bounds, rules).finding, null, 'with it nothing is found');
        const exploration = explore(new EgressModel({ ...none, ...bounds }, { ...rules, ...without }));
        report(`${mode}; without: ${fence}`, exploration);
        assert.notEqual(exploration.finding, null);
      });
    }
  });
}

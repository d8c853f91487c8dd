import type { OutPosition } from '@tributary/contracts';
import { lowestOf, purgeableUpTo, wasStored } from '@tributary/log';
import { isFinding } from '../../src/partition/finding.ts';
import { seenAround, startPosition } from '../../src/partition/start-position.ts';
import { verifyRemade } from '../../src/partition/unfinished-batch.ts';
import type { Faults, Owner } from './mapper-world.ts';

/** What the services rely on. A test replaces one and sees what it was for. */
export interface Rules {
  /** Whether OUT takes a write: JetStream's part. */
  accepts(expected: number, last: number): boolean;
  readonly wasStored: typeof wasStored;
  readonly startPosition: typeof startPosition;
  readonly verifyRemade: typeof verifyRemade;
  /** The version that an unfinished batch is finished with. */
  mappingOf(unfinished: OutPosition, active: number): number;
  /** What is reported as done with. */
  reported(owner: Owner): number;
  readonly lowestOf: typeof lowestOf;
  readonly purgeableUpTo: typeof purgeableUpTo;
  /** Whether the trim of OUT leaves its last message. */
  readonly keepsLast: boolean;
  readonly seenAround: typeof seenAround;
  readonly isFinding: (error: unknown) => boolean;
}

export const SHIPPED: Rules = {
  accepts: (expected, last) => expected === last,
  wasStored,
  startPosition,
  verifyRemade,
  mappingOf: ({ mapping }) => mapping,
  reported: ({ covered }) => covered,
  lowestOf,
  purgeableUpTo,
  keepsLast: true,
  seenAround,
  isFinding,
};

export interface Bounds extends Faults {
  readonly messages: number;
  /** Release of the service that each of the two owners runs. */
  readonly releases: readonly [number, number];
}

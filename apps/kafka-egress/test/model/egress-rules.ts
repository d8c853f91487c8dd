import { isFinding } from '../../src/partition/finding.ts';
import { firstToKeep } from '../../src/partition/out-trimmer.ts';
import type { Commit } from '../../src/partition/partition-sender.ts';
import { keysToRemove, positionKey } from '../../src/position/position.ts';
import { resumeAt, seenAround } from '../../src/position/resume.ts';
import { SCOPE, type Faults, type Owner } from './egress-world.ts';
import type { KafkaRules } from './kafka-model.ts';

/** What the service relies on. A test replaces one and sees what it was for. */
export interface Rules extends KafkaRules {
  readonly exactlyOnce: boolean;
  readonly resumeAt: typeof resumeAt;
  readonly seenAround: typeof seenAround;
  readonly isFinding: (error: unknown) => boolean;
  readonly keysToRemove: typeof keysToRemove;
  /** The key an owner writes its position under. */
  keyOf(epoch: number, life: number): string;
  /** Which position a send takes along: that of the batch before it, or its own. */
  travels(pending: Commit | null, own: Commit | null): Commit | null;
  /** Which messages of OUT may be removed. */
  firstToKeep(owner: Owner): number;
  /** Whether what the position covers is passed over. */
  readonly skips: boolean;
  /** Whether the producer has its id before the position is read. */
  readonly connectsFirst: boolean;
  /** Whether the position is in the transaction of its records, and not stored behind it. */
  readonly oneTransaction: boolean;
}

export const AT_LEAST_ONCE: Rules = {
  exactlyOnce: false,
  resumeAt,
  seenAround,
  isFinding,
  keysToRemove,
  keyOf: (epoch, life) => positionKey(SCOPE, epoch, life),
  travels: (pending) => pending,
  firstToKeep: ({ committed }) => firstToKeep(committed),
  skips: true,
  connectsFirst: true,
  oneTransaction: true,
  fences: true,
  readsCommitted: true,
};

export const EXACTLY_ONCE: Rules = {
  ...AT_LEAST_ONCE,
  exactlyOnce: true,
  keyOf: () => positionKey(SCOPE, 0),
  travels: (_, own) => own,
};

export interface Bounds extends Faults {
  readonly messages: number;
}

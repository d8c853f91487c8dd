import type { OutPosition } from '@tributary/contracts';
import type { Checkpoint, RegisteredCursor, StreamIdentity } from '@tributary/log';
import type { Part } from '../../src/batch/part-cutter.ts';

/** A message of OUT. */
export interface OutMessage extends Checkpoint {
  data: string;
}

/** A write to OUT that may arrive now, later, or never. */
export interface WriteRequest {
  /** Whose answer is waited for; null if nobody's any more. */
  owner: number | null;
  expected: number;
  position: OutPosition;
  data: string;
}

/** Where a worker of one partition stands. */
export interface Owner {
  at: 'away' | 'checkpoint' | 'cursor' | 'log' | 'unfinished' | 'running' | 'resolve' | 'halted';
  epoch: number;
  /** Code of the finding that halted it. */
  finding: string;
  /** The log, looked at before anything else. */
  before: World['log'] | null;
  checkpoint: OutMessage | null;
  cursor: RegisteredCursor | null;
  incarnation: string;
  /** Sequence in OUT that the next write expects. */
  last: number;
  covered: number;
  batch: { from: number; sequence: number; mapping: number; written: number } | null;
  /** A write is on its way. */
  waits: boolean;
}

export interface World {
  log: { incarnation: string; first: number; last: number };
  /** Of this cluster, */
  cursor: RegisteredCursor;
  /** and of another reader that has read everything. */
  other: RegisteredCursor;
  /** Version of the active mapping. */
  mapping: number;
  out: { last: number; message: OutMessage | null };
  /** All rows that OUT was ever given, in order. */
  stored: string;
  writes: WriteRequest[];
  lease: { holder: number; epoch: number };
  owners: Owner[];
  /** How much may still go wrong. */
  left: Faults;
}

/** How often each may happen. */
export interface Faults {
  crashes: number;
  /** The lease moves to the other owner; the one before does not notice. */
  moves: number;
  /** A write or its answer is lost, or late. */
  losses: number;
  mappings: number;
  /** The log is deleted and created again. */
  recreations: number;
}

export const AWAY: Owner = {
  at: 'away',
  epoch: 0,
  finding: '',
  before: null,
  checkpoint: null,
  cursor: null,
  incarnation: '',
  last: 0,
  covered: 0,
  batch: null,
  waits: false,
};

export function newWorld(messages: number, left: Faults): World {
  const cursor = (sequence: number): RegisteredCursor => ({ incarnation: 'a', sequence, since: 0 });
  return {
    log: { incarnation: 'a', first: 1, last: messages },
    cursor: cursor(0),
    other: cursor(messages),
    mapping: 1,
    out: { last: 0, message: null },
    stored: '',
    writes: [],
    lease: { holder: 0, epoch: 0 },
    owners: [AWAY, AWAY],
    left,
  };
}

/** The rows of a range of the log, each two characters: `1a`, `1b`, `1c`, `2a` and so on. */
export function rowsOf(from: number, sequence: number): string {
  let rows = '';
  for (let message = from; message <= sequence; message++) rows += `${message}a${message}b${message}c`;
  return rows;
}

/**
 * A batch is always cut into two parts. Where depends on the mapping version, and on the release of the service if that
 * is another one: the same rows, but parts that do not fit together.
 */
export function partsOf(from: number, sequence: number, mapping: number, release: number): string[] {
  const rows = rowsOf(from, sequence);
  const cut = 2 * (mapping + release - 1);
  return [rows.slice(0, cut), rows.slice(cut)];
}

export function asPart(data: string): Part {
  return { data: Buffer.from(data), records: data.length / 2, deadLetters: null };
}

export function identityOf({ incarnation, first, last }: World['log']): StreamIdentity {
  return { name: 'LOG', incarnation, firstSequence: first, lastSequence: last };
}

/** Only which epochs are equal and which is higher matters: without this, owners that come and go never end. */
export function renumberEpochs({ lease, owners, writes, out }: World): void {
  const positions = writes.map(({ position }) => position);
  if (out.message !== null) positions.push(out.message.position);
  const bearers = [lease, ...owners.filter(({ at }) => at !== 'away'), ...positions];
  for (const { checkpoint } of owners) if (checkpoint !== null) bearers.push(checkpoint.position);
  const epochs = [...new Set(bearers.map(({ epoch }) => epoch))].sort((a, b) => a - b);
  for (const bearer of bearers) bearer.epoch = epochs.indexOf(bearer.epoch) + 1;
}

export function halt(own: Owner, finding: string): void {
  Object.assign(own, AWAY, { at: 'halted', epoch: own.epoch, finding });
}

export function nameOf(write: WriteRequest | undefined): string {
  if (write === undefined) return 'nothing';
  const { owner, expected, data, position } = write;
  const from = owner === null ? 'a late write' : `the write of owner ${owner}`;
  return `${from} (epoch ${position.epoch}): ${data}, expecting ${expected}`;
}

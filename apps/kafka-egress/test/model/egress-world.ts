import type { OutPosition } from '@tributary/contracts';
import type { Commit } from '../../src/partition/partition-sender.ts';
import { placeOf, positionScope, type EgressPosition } from '../../src/position/position.ts';
import type { OutEnds } from '../../src/position/resume.ts';

/** A request to Kafka that may arrive now, later, or never. */
export interface Request {
  /** Whose answer is waited for; null if nobody's any more. */
  owner: number | null;
  kind: 'records' | 'position' | 'commit';
  /** Of the producer: what InitProducerId gave. 0 without transactions. */
  producer: number;
  /** Records of these messages of OUT. */
  from: number;
  to: number;
  key: string;
  position: EgressPosition | null;
  /** Keys that are removed together with the position, and behind it. */
  remove: readonly string[];
}

export interface Flight {
  /** The last message of the batch; null if only a position is sent. */
  own: Commit | null;
  first: number;
  /** The position that is sent, */
  travelling: Commit | null;
  /** and its key. */
  key: string;
  /** A request of it was lost or is late. */
  doubtful: boolean;
  awaits: Request['kind'][];
}

/** Where a worker of one partition stands. */
export interface Owner {
  at: 'away' | 'before' | 'connect' | 'position' | 'ends' | 'running' | 'halted';
  epoch: number;
  finding: string;
  /** How often it went on under another key. */
  life: number;
  producer: number;
  before: OutEnds | null;
  found: readonly EgressPosition[];
  /** Keys to remove with the first commit. */
  remove: readonly string[];
  out: string;
  skipTo: EgressPosition | null;
  /** In OUT. */
  next: number;
  /** Sent, but its position is not. */
  pending: Commit | null;
  committed: Commit | null;
  flight: Flight | null;
}

export interface Transaction {
  producer: number;
  from: number;
  to: number;
  position: EgressPosition | null;
}

export interface World {
  out: { incarnation: string; first: number; last: number };
  kafka: {
    /** Records of messages 1 to here are there for read_committed. */
    high: number;
    positions: { key: string; position: EgressPosition }[];
    /** Positions in transactions that were aborted, or may be: what read_committed does not see. */
    uncommitted: EgressPosition[];
    transactions: Transaction[];
    /** The producer that InitProducerId gave last. */
    producer: number;
  };
  requests: Request[];
  lease: { holder: number; epoch: number };
  owners: Owner[];
  /** What must never happen and did. */
  wrong: string | null;
  left: Faults;
}

/** How often each may happen. */
export interface Faults {
  crashes: number;
  /** The lease moves to the other owner; the one before does not notice. */
  moves: number;
  /** A request or its answer is lost, or late. */
  losses: number;
  /** OUT is deleted and created again. */
  recreations: number;
}

export const AWAY: Owner = {
  at: 'away',
  epoch: 0,
  finding: '',
  life: 0,
  producer: 0,
  before: null,
  found: [],
  remove: [],
  out: '',
  skipTo: null,
  next: 0,
  pending: null,
  committed: null,
  flight: null,
};

export const SCOPE = positionScope('main', 1, 0);

export function newWorld(messages: number, left: Faults): World {
  return {
    out: { incarnation: 'a', first: 1, last: messages },
    kafka: { high: 0, positions: [], uncommitted: [], transactions: [], producer: 0 },
    requests: [],
    lease: { holder: 0, epoch: 0 },
    owners: [AWAY, AWAY],
    wrong: null,
    left,
  };
}

/** What message `sequence` of OUT says: two messages of OUT for each of the log. */
export function outPositionAt(sequence: number): OutPosition {
  const log = Math.ceil(sequence / 2);
  const part = sequence % 2 === 1 ? 1 : 2;
  return { incarnation: 'log', from: log, sequence: log, part, parts: 2, mapping: 1, epoch: 1 };
}

/** The message of OUT that a position is of. */
export function messageAt({ sequence, part }: EgressPosition): number {
  return (sequence - 1) * 2 + part;
}

export function endsOf({ incarnation, first, last }: World['out']): OutEnds {
  const [begin, end] = [placeOf(outPositionAt(first)), placeOf(outPositionAt(last))];
  const empty = first > last;
  return {
    incarnation,
    log: 'log',
    firstSequence: first,
    first: empty ? null : begin,
    last: empty ? null : end,
  };
}

export function halt(own: Owner, finding: string): void {
  Object.assign(own, AWAY, { at: 'halted', epoch: own.epoch, finding });
}

export function nameOf({ owner, kind, from, to, key, position, remove }: Request): string {
  const whose = owner === null ? 'a late request' : `a request of owner ${owner}`;
  if (kind === 'records') return `${whose}: records ${from} to ${to}`;
  if (kind === 'commit' || position === null) return `${whose}: commit`;
  const removed = remove.length > 0 ? `, without ${remove.join(', ')}` : '';
  return `${whose}: position ${messageAt(position)} as ${key}${removed}`;
}

import { isReplay, type OutPosition } from '@tributary/contracts';
import { isGivenUp, readTo, type LogRange, type RegisteredCursor, type StreamIdentity } from '@tributary/log';
import { HaltError } from '../errors.ts';

/** Where a new owner begins. */
export interface StartPosition {
  /** Everything up to this log sequence is in OUT; the next one is the first to be read. */
  readonly covered: number;
  /** A batch of which OUT has only the first parts; `covered` ends before it. */
  readonly unfinished: OutPosition | null;
  /**
   * Up to here nothing is to be mapped, although OUT has not come so far: the cluster had left the mapping, and was
   * registered anew. 0: nothing is passed over.
   */
  readonly passOverTo: number;
  /** What the log does not hold any more, given up for this cluster; it begins behind the two above. */
  readonly lost: LogRange | null;
}

export interface Whereabouts {
  /** What the last message of OUT says; null if OUT never had one. */
  readonly checkpoint: OutPosition | null;
  /** What the registry says; null if the reader is not registered. */
  readonly cursor: RegisteredCursor | null;
  readonly log: StreamIdentity;
}

/**
 * The log around the moment in which the checkpoint was read: its beginning as of before, so that it is not ahead of a
 * checkpoint that another owner has moved since, and its end as of after, so that it is not behind what was made of it.
 */
export function seenAround(before: StreamIdentity, after: StreamIdentity): StreamIdentity {
  if (before.incarnation !== after.incarnation) return after;
  return { ...after, firstSequence: before.firstSequence };
}

/**
 * Decides where to begin. OUT is the checkpoint; the cursor only says where a cluster without one begins.
 * @throws HaltError if going on would skip or repeat anything
 */
export function startPosition({ checkpoint, cursor, log }: Whereabouts): StartPosition {
  const start = checkpoint === null ? atCursor(cursor, log) : atCheckpoint(checkpoint, cursor, log);
  const next = Math.max(start.covered, start.passOverTo) + 1;
  if (next >= log.firstSequence) return start;
  const gone = { from: next, to: log.firstSequence - 1 };
  if (cursor === null || cursor.incarnation !== log.incarnation || !isGivenUp(cursor, gone)) {
    throw new HaltError(
      'position-gap',
      `${log.name} begins at ${log.firstSequence}, but ${next} has not been mapped: it was removed before its time`,
    );
  }
  const { unfinished } = start;
  // A batch that lost its beginning cannot be finished: what it was made from goes whole, or a part of it came twice. A
  // replay was made from nothing of the log.
  return {
    ...start,
    unfinished: unfinished !== null && isReplay(unfinished) ? unfinished : null,
    lost: { from: next, to: Math.max(gone.to, unfinished?.sequence ?? 0) },
  };
}

function atCursor(cursor: RegisteredCursor | null, log: StreamIdentity): StartPosition {
  if (cursor === null) {
    throw new HaltError(
      'reader-missing',
      `OUT is empty, and no cursor in the registry says where in ${log.name} to begin; apply the mapping again`,
    );
  }
  verify('the cursor', cursor, log);
  return { covered: readTo(cursor), unfinished: null, passOverTo: 0, lost: null };
}

function atCheckpoint(
  checkpoint: OutPosition,
  cursor: RegisteredCursor | null,
  log: StreamIdentity,
): StartPosition {
  verify('OUT', checkpoint, log);
  const complete = checkpoint.part === checkpoint.parts;
  const covered = complete ? checkpoint.sequence : checkpoint.from - 1;
  const anew =
    cursor !== null && cursor.incarnation === log.incarnation && cursor.since > checkpoint.sequence;
  return {
    covered,
    unfinished: complete ? null : checkpoint,
    passOverTo: anew ? cursor.since : 0,
    lost: null,
  };
}

function verify(what: string, at: { incarnation: string; sequence: number }, log: StreamIdentity): void {
  if (at.incarnation !== log.incarnation) {
    throw new HaltError(
      'incarnation-unknown',
      `${what} was made from log ${at.incarnation}, but ${log.name} is ${log.incarnation}: it was created anew`,
    );
  }
  if (at.sequence > log.lastSequence) {
    throw new HaltError(
      'position-beyond',
      `${what} has come to ${at.sequence}, but ${log.name} ends at ${log.lastSequence}: the log lost its end`,
    );
  }
}

/** How far a declared reader has come in one log partition: all up to and including `sequence` is done with. */
export interface Cursor {
  incarnation: string;
  sequence: number;
}

/** Messages of the log, both ends included. */
export interface LogRange {
  readonly from: number;
  readonly to: number;
}

/** A range that was taken from a reader. */
export interface LostRange extends LogRange {
  /** When its first and its last message were given up, in milliseconds since the epoch, by the clock of who did it. */
  readonly firstMs: number;
  readonly lastMs: number;
}

/** What a reader did not get of the log. */
export interface Losses {
  /** Messages of the log (envelopes, not rows) in all ranges there ever were. */
  readonly messages: number;
  /** The last ranges, in order, apart from each other. */
  readonly ranges: readonly LostRange[];
}

/** A cursor as it is stored. */
export interface RegisteredCursor extends Cursor {
  /** Where the reader began when it was registered: what is before was never its business. */
  since: number;
  /** The reader may be moved on when the log is short of room. Without it, it is waited for. */
  optional?: true;
  /** Moved on over this, up to `sequence`, but the reader has not passed it yet: it may still find some of it. */
  givenUp?: LostRange;
  /** What the reader has found to be gone. */
  lost?: Losses;
}

/** Lost ranges that are remembered; those the reader has not passed yet are always the last ones. */
const RANGES_KEPT = 16;

/** The reader reports how far it has come. It is never moved back: somebody may have moved it on meanwhile. */
export function advanced(known: RegisteredCursor, to: Cursor): RegisteredCursor {
  const { givenUp, ...rest } = known;
  // Ranges of another log say nothing about this one.
  if (known.incarnation !== to.incarnation) return { ...rest, ...to };
  const left = givenUp && behind(givenUp, to.sequence);
  return { ...rest, sequence: Math.max(known.sequence, to.sequence), ...(left && { givenUp: left }) };
}

/** Moves a reader on over what it has not read. @returns null if it has come further already */
export function movedOn(known: RegisteredCursor, upTo: number, atMs: number): RegisteredCursor | null {
  if (upTo <= known.sequence) return null;
  // What was given up before and is not passed yet ends at `sequence`: the two are one range.
  const { from, firstMs } = known.givenUp ?? { from: known.sequence + 1, firstMs: atMs };
  return { ...known, sequence: upTo, givenUp: { from, to: upTo, firstMs, lastMs: atMs } };
}

/**
 * The reader says which part of what was given up it really did not get, before it passes it. Said again by the next
 * owner, with another end, it counts once.
 */
export function withLoss(known: RegisteredCursor, { from, to }: LogRange, atMs: number): RegisteredCursor {
  const { givenUp, lost, ...rest } = known;
  const before = (lost?.ranges ?? []).flatMap((range) => clipped(range, from));
  const last = lost?.ranges.at(-1);
  const { firstMs, lastMs } = givenUp ?? (last && last.to >= from ? last : { firstMs: atMs, lastMs: atMs });
  const forgotten = (lost?.messages ?? 0) - sum(lost?.ranges ?? []);
  const ranges = [...before, { from, to, firstMs, lastMs }];
  const left = givenUp && behind(givenUp, to);
  return {
    ...rest,
    sequence: Math.max(known.sequence, to),
    ...(left && { givenUp: left }),
    lost: { messages: forgotten + sum(ranges), ranges: ranges.slice(-RANGES_KEPT) },
  };
}

/** Whether all of a range is recorded as given up or lost. */
export function isGivenUp({ givenUp, lost }: RegisteredCursor, { from, to }: LogRange): boolean {
  let next = from;
  for (const range of [...(lost?.ranges ?? []), ...(givenUp ? [givenUp] : [])]) {
    if (range.from <= next && range.to >= next) next = range.to + 1;
  }
  return next > to;
}

/** How far the reader itself had come, whatever was given up behind that. */
export function readTo({ sequence, givenUp, lost }: RegisteredCursor): number {
  let covered = givenUp ? givenUp.from - 1 : sequence;
  for (const { from, to } of lost?.ranges.toReversed() ?? []) if (to === covered) covered = from - 1;
  return covered;
}

/** What of a range lies behind a sequence. */
function behind(range: LostRange, sequence: number): LostRange | undefined {
  return range.to > sequence ? { ...range, from: Math.max(range.from, sequence + 1) } : undefined;
}

/** What of a range lies before `from`. */
function clipped(range: LostRange, from: number): LostRange[] {
  return range.from < from ? [{ ...range, to: Math.min(range.to, from - 1) }] : [];
}

function sum(ranges: readonly LogRange[]): number {
  return ranges.reduce((total, { from, to }) => total + to - from + 1, 0);
}

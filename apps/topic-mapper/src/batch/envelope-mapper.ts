import { ContractError, Envelope, RowKind, type RowView } from '@tributary/contracts';
import type { StreamMessage } from '@tributary/log';
import type { Pipeline, RecordSink, RouteRef, UnmatchedPolicy } from '@tributary/mapping';
import { DeadLetterCode, deadLetterRow, NO_ROUTE } from './dead-letter-row.ts';
import { boundOf, PartCutter, reusableRow, type Part } from './part-cutter.ts';

/** Why a message holds its partition up. */
export interface Blockage {
  readonly logSequence: number;
  readonly row: number;
  readonly route: string;
  readonly code: string;
  readonly message: string;
}

/** What a mapping version has for one cluster. */
export interface ClusterPlan {
  readonly version: number;
  readonly pipeline: Pipeline;
  /** Names of the cluster's routes. */
  readonly routes: ReadonlySet<string>;
  /** Whether a message can hold up the cluster. */
  readonly mayBlock: boolean;
}

/** What mapping saw, in plain numbers. They only grow. */
export interface MapperCounts {
  envelopes: number;
  rows: number;
  unmatched: number;
  readonly dropped: Map<string, number>;
}

/** Turns envelopes of the log into parts of OUT, for one cluster. */
export class EnvelopeMapper implements RecordSink {
  readonly counts: MapperCounts = { envelopes: 0, rows: 0, unmatched: 0, dropped: new Map() };
  /** Largest row that a message of OUT can hold. */
  readonly #maxRowBytes: number;
  readonly #cutter = new PartCutter();
  readonly #out = reusableRow();
  #row: RowView | null = null;
  #awaited = false;

  constructor(maxRowBytes: number) {
    this.#maxRowBytes = maxRowBytes;
  }

  /** Bytes that wait for `finish`. */
  get bytes(): number {
    return this.#cutter.bytes;
  }

  /** Whether `finish` would give progress only. */
  get isEmpty(): boolean {
    return this.#cutter.isEmpty;
  }

  /** Whether acknowledgements wait for what `finish` gives, be it progress only. */
  get awaited(): boolean {
    return this.#awaited;
  }

  finish(): readonly Part[] {
    this.#awaited = false;
    return this.#cutter.finish();
  }

  /**
   * Maps one message of the log.
   * @returns what holds it up, if a route says that it must; nothing of the message has been taken then
   */
  map(message: StreamMessage, { pipeline, mayBlock }: ClusterPlan): Blockage | null {
    let envelope: Envelope;
    try {
      envelope = Envelope.open(message.data);
    } catch (error) {
      if (!(error instanceof ContractError)) throw error;
      this.#corrupt(message, error);
      return null;
    }
    if (mayBlock) {
      const blockage = findBlockage(envelope, message.sequence, pipeline);
      if (blockage) return blockage;
    }
    const { rows } = envelope;
    this.#out.logSequence = message.sequence;
    for (let index = 0; index < rows; index++) {
      const row = envelope.row(index);
      if (!isPublish(row)) continue;
      this.#row = row;
      this.#out.row = index;
      if (pipeline.map(row, this)) this.#awaited = true;
    }
    this.#row = null;
    this.counts.envelopes++;
    this.counts.rows += rows;
    return null;
  }

  record(
    route: RouteRef,
    topic: string,
    key: Uint8Array | null,
    value: Uint8Array,
    headers: Uint8Array,
    timestampMs: number,
  ): void {
    const out = this.#out;
    out.topic = topic;
    out.route = route.name;
    out.key = key;
    out.value = value;
    out.headers = headers;
    out.timestampMs = timestampMs;
    const bound = boundOf(out);
    if (bound <= this.#maxRowBytes) this.#cutter.record(out);
    else {
      const message = `the record takes up to ${bound} bytes, and a message of OUT holds ${this.#maxRowBytes}`;
      this.#deadLetter(route.name, DeadLetterCode.recordTooLarge, message, true);
    }
  }

  deadLetter(route: RouteRef, code: string, reason: string): void {
    this.#deadLetter(route.name, code, reason, false);
  }

  drop(_route: RouteRef, code: string): void {
    this.counts.dropped.set(code, (this.counts.dropped.get(code) ?? 0) + 1);
  }

  block(route: RouteRef, code: string, reason: string): void {
    throw new Error(`route ${route.name} blocks now, but not a moment ago: ${code}, ${reason}`);
  }

  unmatched(policy: UnmatchedPolicy): void {
    this.counts.unmatched++;
    if (policy === 'drop') return;
    this.#deadLetter(NO_ROUTE.unmatched, DeadLetterCode.unmatched, 'no route takes the message', false);
  }

  #deadLetter(route: string, code: string, message: string, alone: boolean): void {
    const source = this.#row;
    if (source === null) throw new Error('a dead letter without a row');
    const { logSequence, row } = this.#out;
    const { bytes, receivedMs: timestampMs } = source;
    const letter = deadLetterRow(
      { route, logSequence, row, timestampMs, bytes, code, message },
      this.#maxRowBytes,
    );
    if (alone) this.#cutter.deadLetterAlone(letter, code);
    else this.#cutter.deadLetter(letter, code);
  }

  /** Poison is reported and passed over: it will not get better, and what follows it is sound. */
  #corrupt(message: StreamMessage, error: ContractError): void {
    const letter = deadLetterRow(
      {
        route: NO_ROUTE.envelope,
        logSequence: message.sequence,
        row: 0,
        timestampMs: message.storedAtMs(),
        bytes: message.data,
        code: DeadLetterCode.envelopeCorrupt,
        message: `${error.code}: ${error.message}`,
      },
      this.#maxRowBytes,
    );
    this.#cutter.deadLetter(letter, DeadLetterCode.envelopeCorrupt);
    this.counts.envelopes++;
  }
}

/** Rows that carry a message; the others are the business of sessions. */
export function isPublish({ kind }: RowView): boolean {
  return kind === RowKind.publish || kind === RowKind.will || kind === RowKind.inbound;
}

/** Asked before anything of the envelope is taken: a position lies between two envelopes, never within one. */
function findBlockage(envelope: Envelope, logSequence: number, pipeline: Pipeline): Blockage | null {
  let found: Blockage | null = null;
  let index = 0;
  const nothing = (): void => {};
  const probe: RecordSink = {
    record: nothing,
    deadLetter: nothing,
    drop: nothing,
    unmatched: nothing,
    block: (route, code, message) => {
      found ??= { logSequence, row: index, route: route.name, code, message };
    },
  };
  for (; index < envelope.rows && found === null; index++) {
    const row = envelope.row(index);
    if (isPublish(row)) pipeline.map(row, probe);
  }
  return found;
}

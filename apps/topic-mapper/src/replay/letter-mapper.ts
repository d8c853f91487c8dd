import {
  ContractError,
  decodeHeaders,
  encodeHeaders,
  Envelope,
  openRow,
  originalOf,
  OutKind,
  type DeadLetter,
  type OutRow,
  type RowView,
} from '@tributary/contracts';
import type { ReplaySink, RouteRef } from '@tributary/mapping';
import { DeadLetterCode, deadLetterRow, NO_ROUTE } from '../batch/dead-letter-row.ts';
import { isPublish, type ClusterPlan } from '../batch/envelope-mapper.ts';
import { boundOf, PartCutter, reusableRow, type Part } from '../batch/part-cutter.ts';

/**
 * Maps dead letters again: what comes out is records, or the letter again with the reason of this time. Only the
 * letter's own route is asked, since the others have their records or letters of the message already.
 */
export class LetterMapper implements ReplaySink {
  /** Largest row that a message of OUT can hold. */
  readonly #maxRowBytes: number;
  readonly #cutter = new PartCutter();
  readonly #out = reusableRow();
  #bytes: Uint8Array = new Uint8Array(0);

  constructor(maxRowBytes: number) {
    this.#maxRowBytes = maxRowBytes;
  }

  /** Follows from the letter and the plan alone, so that a batch that was begun can be finished by another owner. */
  map(letter: DeadLetter, plan: ClusterPlan): readonly Part[] {
    const { row } = letter;
    const bytes = originalOf(letter);
    if (bytes !== null) this.#mapOriginal(row, bytes, plan);
    else if (row.kind === OutKind.record) this.#cutter.record(row);
    else this.#truncated(row);
    return this.#cutter.finish();
  }

  record(
    route: RouteRef,
    topic: string,
    key: Uint8Array | null,
    value: Uint8Array,
    headers: Uint8Array,
    timestampMs: number,
  ): void {
    Object.assign(this.#out, { topic, route: route.name, key, value, headers, timestampMs });
    const bound = boundOf(this.#out);
    if (bound <= this.#maxRowBytes) return this.#cutter.record(this.#out);
    const message = `the record takes up to ${bound} bytes, and a message of OUT holds ${this.#maxRowBytes}`;
    this.#again(route.name, DeadLetterCode.recordTooLarge, message);
  }

  deadLetter(route: RouteRef, code: string, reason: string): void {
    this.#again(route.name, code, reason);
  }

  #mapOriginal(of: OutRow, bytes: Uint8Array, plan: ClusterPlan): void {
    const isEnvelope = of.route === NO_ROUTE.envelope;
    let rows: [index: number, row: RowView][];
    try {
      rows = isEnvelope
        ? [...Envelope.open(bytes)].map((row, index): [number, RowView] => [index, row])
        : [[of.row, openRow(bytes)]];
    } catch (error) {
      if (!(error instanceof ContractError)) throw error;
      this.#begin(of, of.row, of.timestampMs, bytes);
      const code = isEnvelope ? DeadLetterCode.envelopeCorrupt : error.code;
      return this.#again(of.route, code, `${error.code}: ${error.message}`);
    }
    // No route is called so: such a letter is of none, and any may take its message now.
    const only = of.route.startsWith('_') ? null : of.route;
    for (const [index, row] of rows) {
      if (!isPublish(row)) continue;
      this.#begin(of, index, row.receivedMs, row.bytes);
      const taken = plan.pipeline.mapAgain(row, only, this);
      // What of an envelope no route of this cluster takes is nothing to it.
      if (!taken && !isEnvelope) this.#nobody(of.route, only, plan);
    }
  }

  #nobody(route: string, only: string | null, { routes, version }: ClusterPlan): void {
    const where = `mapping version ${version}`;
    if (only === null) this.#again(route, DeadLetterCode.unmatched, `no route of ${where} takes the message`);
    else if (routes.has(only))
      this.#again(route, DeadLetterCode.notTaken, `the route takes the message no more in ${where}`);
    else this.#again(route, DeadLetterCode.routeMissing, `${where} has no such route`);
  }

  #begin(of: OutRow, row: number, timestampMs: number, bytes: Uint8Array): void {
    Object.assign(this.#out, { logSequence: of.logSequence, row, timestampMs });
    this.#bytes = bytes;
  }

  #again(route: string, code: string, message: string): void {
    const { logSequence, row, timestampMs } = this.#out;
    const input = { route, logSequence, row, timestampMs, bytes: this.#bytes, code, message };
    this.#cutter.deadLetter(deadLetterRow(input, this.#maxRowBytes), code);
  }

  /** A part of a row cannot be mapped, by no mapping; it stays the part that it is. */
  #truncated(row: OutRow): void {
    const size = decodeHeaders(row.headers).filter(([name]) => name === 'truncated');
    const code = DeadLetterCode.truncated;
    const reason: [string, Buffer][] = [
      ['code', Buffer.from(code)],
      ['message', Buffer.from('the letter holds a part of its message only')],
    ];
    this.#cutter.deadLetter({ ...row, headers: encodeHeaders([...reason, ...size]) }, code);
  }
}

import type { FailureCode } from '../mapping-failure.ts';
import type { RecordSink, RouteRef } from '../pipeline/record-sink.ts';
import { readHeaderList } from './read-header-list.ts';

export interface OutcomeRecord {
  readonly route: RouteRef;
  readonly topic: string;
  readonly key: string | null;
  readonly value: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

export interface OutcomeFailure {
  readonly route: RouteRef;
  readonly code: FailureCode;
  readonly reason: string;
}

/** What became of one message, in the order of the routes. */
export interface Outcome {
  readonly records: readonly OutcomeRecord[];
  /** Dead letters, drops and blocks alike. */
  readonly failures: readonly OutcomeFailure[];
  readonly unmatched: boolean;
}

/** Gathers what the pipelines of all clusters make of one message. */
export class OutcomeSink implements RecordSink {
  readonly #records: OutcomeRecord[] = [];
  readonly #failures: OutcomeFailure[] = [];
  #unmatched = false;

  record(
    route: RouteRef,
    topic: string,
    key: Uint8Array | null,
    value: Uint8Array,
    headers: Uint8Array,
  ): void {
    this.#records.push({
      route,
      topic,
      key: key === null ? null : utf8(key),
      value: utf8(value),
      headers: readHeaderList(headers),
    });
  }

  deadLetter(route: RouteRef, code: FailureCode, reason: string): void {
    this.#failures.push({ route, code, reason });
  }

  drop(route: RouteRef, code: FailureCode, reason: string): void {
    this.deadLetter(route, code, reason);
  }

  block(route: RouteRef, code: FailureCode, reason: string): void {
    this.deadLetter(route, code, reason);
  }

  unmatched(): void {
    this.#unmatched = true;
  }

  outcome(): Outcome {
    const byRoute = (a: { route: RouteRef }, b: { route: RouteRef }) => a.route.index - b.route.index;
    return {
      records: this.#records.toSorted(byRoute),
      failures: this.#failures.toSorted(byRoute),
      unmatched: this.#unmatched,
    };
  }
}

function utf8(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8');
}

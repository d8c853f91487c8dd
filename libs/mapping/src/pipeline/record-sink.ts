import type { Route, UnmatchedPolicy } from '../plan/route.ts';
import type { FailureCode } from '../mapping-failure.ts';

/** A route as a sink sees it. The same object for all its records. */
export type RouteRef = Pick<Route, 'name' | 'index' | 'cluster'>;

/** What a pipeline does with a message. All calls for a message come before `map` returns. */
export interface RecordSink {
  /**
   * A record for Kafka. `headers` is a list of { u16 LE name length, name UTF-8, u32 LE value length, value }.
   * The bytes are valid during the call only: `headers` is used again, `value` may be a slice of the message.
   */
  record(
    route: RouteRef,
    topic: string,
    key: Uint8Array | null,
    value: Uint8Array,
    headers: Uint8Array,
    timestampMs: number,
  ): void;
  /** The route could make no record; its policy is `deadLetter`. */
  deadLetter(route: RouteRef, code: FailureCode, reason: string): void;
  /** As above with policy `drop`: to be counted. */
  drop(route: RouteRef, code: FailureCode, reason: string): void;
  /**
   * As above with policy `block`: the cluster waits here until a mapping can map the message. It is the only
   * call for this message, so that nothing of it has been produced when it is mapped again.
   */
  block(route: RouteRef, code: FailureCode, reason: string): void;
  /** No route of any cluster takes the message. Only the pipeline of the default cluster tells. */
  unmatched(policy: UnmatchedPolicy): void;
}

/** What becomes of a message that is mapped again. */
export type ReplaySink = Pick<RecordSink, 'record' | 'deadLetter'>;

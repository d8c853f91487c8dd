import type { LatencySummary } from '../measure/latency-histogram.ts';
import type { LedgerCounts, Missing } from './sequence-ledger.ts';

/** What the consumer is started with. */
export interface ConsumePlan {
  host: string;
  port: number;
  topic: string;
  partitions: number;
  run: number;
  clients: number;
  /** Rest between an answer of the broker and the next fetch, ms: it bounds the number of fetches, which cost the broker more than us. */
  pauseMs: number;
}

export interface ConsumeMark extends LedgerCounts {
  /** Monotonic clock. */
  atUs: number;
  /** Records of this run, duplicates included. */
  records: number;
  /** Fetches that brought records. */
  fetches: number;
  /** Bytes of record batches. */
  bytes: number;
  /** From PUBLISH to the end of the fetch that brought the record, of the records since the mark before. */
  latency: LatencySummary;
}

/** Lost is what was acknowledged and never seen. */
export interface ConsumeResult extends LedgerCounts, Missing {
  /** Records of this topic that are no messages of this run. */
  foreign: number;
}

export type ConsumeContract = {
  /** Goes to the end of every partition and consumes from there. */
  start: { argument: undefined; answer: undefined };
  /** Says what was seen so far and begins another measurement of latency. */
  mark: { argument: undefined; answer: ConsumeMark };
  /** Waits until all that was acknowledged is there, or nothing more has come for `patienceMs`. */
  finish: { argument: { acknowledgedTo: Uint32Array; patienceMs: number }; answer: ConsumeResult };
};

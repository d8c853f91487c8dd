import type { LatencySummary } from '../measure/latency-histogram.ts';
import type { QoS } from '../pipeline-options.ts';

/** What the load generator is started with. */
export interface LoadPlan {
  host: string;
  port: number;
  run: number;
  clients: number;
  qos: QoS;
  payloadBytes: number;
  /** Messages of one client in flight. */
  window: number;
  /** Different MQTT topics of each client. */
  topics: number;
  /** Messages per second of all clients; null is as fast as they are acknowledged. */
  rate: number | null;
}

export interface LoadMark {
  /** Monotonic clock. */
  atUs: number;
  published: number;
  acknowledged: number;
  /** From PUBLISH to PUBACK (QoS 2: PUBCOMP), of what was acknowledged since the mark before. */
  acknowledgement: LatencySummary;
  /** Messages due that no client had room for: the rate that was asked for is not reached. */
  backlog: number;
}

export interface LoadResult {
  published: number;
  acknowledged: number;
  /** By client: all its messages up to this number were acknowledged. All 0 at QoS 0. */
  acknowledgedTo: Uint32Array;
  /** Messages that were sent and not acknowledged after all the patience there is. */
  unacknowledged: number;
  /** Connections that ended before they should. */
  disconnected: number;
  /** How the first of them ended. */
  reason: string;
}

export type LoadContract = {
  /** Connects all clients. */
  connect: { argument: undefined; answer: undefined };
  go: { argument: undefined; answer: undefined };
  /** Says what was done so far and begins another measurement of latency. */
  mark: { argument: undefined; answer: LoadMark };
  /** Publishes no more and waits for what is in flight. */
  finish: { argument: { patienceMs: number }; answer: LoadResult };
};

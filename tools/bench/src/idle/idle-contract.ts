import type { Protocol } from '../connections-options.ts';
import type { LatencySummary } from '../measure/latency-histogram.ts';

/** What the load generator of idle connections is started with. */
export interface IdlePlan {
  host: string;
  port: number;
  clients: number;
  /** Connections that are opened and have no CONNACK, at most. */
  atOnce: number;
  protocol: Protocol;
  /** Seconds. */
  keepAlive: number;
}

/** How one storm of CONNECTs went. */
export interface StormResult {
  accepted: number;
  /** By a CONNACK. */
  refused: number;
  /** Connections that ended without a CONNACK. */
  failed: number;
  /** Why the first of them was refused or failed. */
  reason: string;
  /** From the first connection to the last CONNACK, seconds. */
  seconds: number;
  /** From opening the connection to its CONNACK. */
  latency: LatencySummary;
}

export type IdleContract = {
  /** Every client connects. */
  connect: { argument: undefined; answer: StormResult };
  /** Every connection is reset, as when a network fails, and each client connects again at once. */
  reconnect: { argument: undefined; answer: StormResult };
  /** Connections that have ended although nobody asked for it, and how the first did. */
  lost: { argument: undefined; answer: { count: number; reason: string } };
};

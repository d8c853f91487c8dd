import type { QoS } from './frame/log-row.ts';

/** One subscription as a SUBSCRIBE asks for it (MQTT 5, 3.8.3.1). */
export interface Subscription {
  filter: string;
  qos: QoS;
  noLocal: boolean;
  retainAsPublished: boolean;
  /** 0: send retained messages, 1: only if the subscription is new, 2: do not. */
  retainHandling: 0 | 1 | 2;
  /** 0: none. */
  subscriptionId: number;
}

/** Whose session a command is about. */
export interface SessionAddress {
  clientId: string;
  /** Ingress node that serves the connection, and the epoch of its lease. */
  node: string;
  nodeEpoch: number;
  /** Connection epoch. */
  epoch: number;
}

/**
 * Requests of ingress nodes to session-state, as JSON on `subjects.sessionCommands`. They are idempotent:
 * a node that gets no answer asks again.
 */
export type SessionCommand =
  | ({ type: 'subscribe'; subscriptions: Subscription[] } & SessionAddress)
  | ({ type: 'unsubscribe'; filters: string[] } & SessionAddress)
  | ({ type: 'end' } & SessionAddress);

/**
 * Answer to a command, sent when it is in force: every PUBLISH appended to the log after a subscribe's answer
 * is matched against it.
 */
export type SessionAnswer =
  | { ok: true; reasons: number[] }
  | { ok: false; code: 'busy' | 'stale-epoch' | 'invalid' | 'unavailable'; message: string };

/** Record of `buckets.sessions`: who serves a client id. Its KV revision is the connection epoch. */
export interface SessionRecord {
  clientId: string;
  node: string;
  nodeEpoch: number;
  connectedAtMs: number;
}

/** Record of `buckets.subscriptions`: all subscriptions of one session. */
export interface SubscriptionRecord extends SessionAddress {
  subscriptions: Subscription[];
}

/** Requests to an ingress node on `subjects.nodeCommands`, as JSON. */
export type NodeCommand =
  /** Close the connection of a client because another node took it over; answered when its socket is closed
   * and its last rows are stored or were dropped unsent. */
  | { type: 'takeover'; clientId: string; epoch: number }
  /** Say again how far deliveries have come on a channel. */
  | { type: 'report'; channel: number; epoch: number }
  /** Answered when the node holds to the commit rules that `configKeys.active` has at this revision, or later ones, and all
   * that it took in before is in the log or will never be. */
  | { type: 'rules'; revision: number };

export type NodeAnswer = { ok: true } | { ok: false; code: 'unknown-client' | 'failed'; message: string };

/** Cumulative report of a node, as JSON on `subjects.reports`: every batch up to `number` has been accepted. */
export interface DeliveryReport {
  node: string;
  nodeEpoch: number;
  epoch: number;
  number: number;
  /** True if a gap was seen: the owner resends what follows `number`. */
  resend: boolean;
}

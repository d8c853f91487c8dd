import type { QoS } from './frame/log-row.ts';

/** One subscription as a SUBSCRIBE asks for it (MQTT 5, 3.8.3.1). */
export interface Subscription {
  /** With `$share/{name}/` if it is shared. */
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
  /** Session id. */
  sessionId: string;
}

/** A session that never expires by itself (MQTT 5, 3.1.2.11.2), in seconds. */
export const NEVER_EXPIRES = 0xffff_ffff;

/** Identifiers of PUBLISHes go round from here to 1. */
export const PACKET_IDS = 65_535;

/**
 * The packet identifier of an entry of a session's queue: every node finds the same one, so a QoS 2 delivery that began on one
 * goes on on another.
 */
export function packetIdOf(counter: number): number {
  return ((counter - 1) % PACKET_IDS) + 1;
}

/**
 * done: the flow has ended, or will never begin: a message that is too large for its client or has expired. received: PUBREC has come, PUBREL is due.
 */
export const Settled = { done: 1, received: 2 } as const;
export type Settled = (typeof Settled)[keyof typeof Settled];

/** What became of one delivery with a counter. */
export type Settlement = readonly [clientId: string, epoch: number, counter: number, stage: Settled];

/**
 * Requests of ingress nodes to session-state, as JSON on `subjects.sessionCommands`. They are idempotent:
 * a node that gets no answer asks again.
 */
export type SessionCommand =
  | ({ type: 'subscribe'; subscriptions: Subscription[]; receiveMaximum: number } & SessionAddress)
  | ({ type: 'unsubscribe'; filters: string[] } & SessionAddress)
  /**
   * A connection takes up its session, or begins one that outlives it. Asked once the session record is written and before
   * CONNACK; deliveries of the queue may come before the answer is dealt with.
   */
  | ({ type: 'attach'; resume: boolean; receiveMaximum: number } & SessionAddress)
  /** The connection is over; what the session record says now is what is left of the session. */
  | ({ type: 'end' } & SessionAddress)
  /**
   * Deliveries with counters that devices have settled. Answered when it is stored: PUBREL leaves after that, so that whoever
   * goes on with the session does not send the message again.
   */
  | { type: 'settle'; settlements: Settlement[] };

/**
 * Answer to a command, sent when it is in force: every PUBLISH appended to the log after a subscribe's answer
 * is matched against it.
 */
export type SessionAnswer =
  | { ok: true; reasons: number[] }
  | ({ ok: true } & Attached)
  | { ok: false; code: 'busy' | 'quota' | 'stale-epoch' | 'invalid' | 'unavailable'; message: string };

/** What a connection that takes up a session must know. */
export interface Attached {
  /** There was a session with this id (Session Present). */
  present: boolean;
  /** QoS 2 packet ids of the device whose PUBLISH is in the log and whose PUBREL is not. */
  inbound: number[];
  /** Counters of QoS 2 deliveries that the device has received: PUBREL is due again. */
  released: number[];
}

/** A will that is still to be published. */
export interface WillRecord {
  topic: string;
  /** base64 */
  payload: string;
  qos: QoS;
  retain: boolean;
  /** base64: a PUBLISH property block, without Will Delay. */
  properties: string;
  /** Seconds after the end of the connection; less if the session ends earlier. */
  delay: number;
  protocolVersion: 3 | 4 | 5;
  username: string;
}

/**
 * Record of `buckets.sessions`: who serves a client id, and what is left when nobody does. While the client is connected its KV
 * revision is the connection epoch.
 */
export interface SessionRecord {
  clientId: string;
  node: string;
  nodeEpoch: number;
  connectedAtMs: number;
  sessionId: string;
  /** Seconds the session outlives its connection; 0: it ends with it. */
  expiry: number;
  /** Deliveries on their way to the device at once: what it said in CONNECT, or less. */
  receiveMaximum: number;
  /** Absent while connected. The record is deleted when nothing is left: no session, no will. */
  ended?: { atMs: number; epoch: number };
  will?: WillRecord;
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

import { randomBytes } from 'node:crypto';
import { NEVER_EXPIRES, type SessionRecord, type WillRecord } from '@tributary/contracts';
import type { ProtocolVersion, Will } from '@tributary/mqtt';

/** What the bucket has of a client id; no record: nothing, or the marker of a deletion. */
export interface StoredSession {
  revision: number;
  record: SessionRecord | null;
}

export const NOTHING_STORED: StoredSession = { revision: 0, record: null };

/** What a record is made of: a connection, as far as its session goes. */
export interface SessionHolder {
  readonly clientId: string;
  readonly connection: { readonly protocolVersion: ProtocolVersion };
  /** Connection epoch, 0 until the record is written. */
  epoch: number;
  sessionId: string;
  connectedAtMs: number;
  expiry: number;
  receiveMaximum: number;
  will: Will | undefined;
  username: Uint8Array;
}

/** A record of a connection that is over. */
export type EndedSession = SessionRecord & { ended: NonNullable<SessionRecord['ended']> };

/** As unique as it must be: it is compared only with others of the same client id. */
export function newSessionId(): string {
  return randomBytes(9).toString('base64url');
}

/** What is left of a connection. One whose end nobody has recorded is that of a node that serves it no more: it ends now. */
export function endedNow({ record, revision }: StoredSession, now: number): EndedSession | null {
  return record && { ...record, ended: record.ended ?? { atMs: now, epoch: revision } };
}

/** Whether the session is there for a client that does not ask for a clean start (MQTT 5, 3.1.2.4 and 3.1.2.11.2). */
export function isResumable({ expiry, ended }: EndedSession, now: number): boolean {
  return expiry > 0 && (expiry === NEVER_EXPIRES || ended.atMs + expiry * 1_000 > now);
}

/** When the will is to be published: after its delay, or when the session ends if that comes first (3.1.3.2.2). */
export function willDueAt({ ended, expiry, will }: EndedSession): number {
  return ended.atMs + Math.min(will?.delay ?? 0, expiry) * 1_000;
}

export function withoutWill<R extends SessionRecord>(record: R): R {
  const rest = { ...record };
  delete rest.will;
  return rest;
}

/** A will as somebody else can publish it. */
export function willRecord(will: Will, protocolVersion: ProtocolVersion, username: Uint8Array): WillRecord {
  const { topic, payload, qos, retain, properties, delay } = will;
  return {
    topic,
    payload: Buffer.from(payload).toString('base64'),
    qos,
    retain,
    properties: Buffer.from(properties).toString('base64'),
    delay,
    protocolVersion,
    username: Buffer.from(username).toString('utf8'),
  };
}

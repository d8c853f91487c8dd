import { jetstream } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { buckets, clientKey, type SessionRecord, type WillRecord } from '@tributary/contracts';
import { connectNats, openBucket, type LeaderBucket } from '@tributary/log';
import type { Will } from '@tributary/mqtt';
import { startNats, uniqueName, type NatsServer } from '@tributary/testing';
import type { SessionKv } from '../../src/session/session-bucket.ts';
import type { EndedSession, SessionHolder } from '../../src/session/session-record.ts';
import { SessionRecords } from '../../src/session/session-records.ts';

/** What happens to one write: it is stored and its answer is lost, or it is lost itself, or something comes first. */
export type Trouble = 'answer lost' | 'write lost' | (() => Promise<unknown>);

export const SELF = { instance: 'self', epoch: 10 };

/** Session records in a real bucket; what goes wrong with a write is said beforehand. */
export class RecordsFixture implements AsyncDisposable {
  readonly #server: NatsServer;
  readonly #nats: NatsConnection;
  readonly kv: LeaderBucket;
  /** Of the writes to come, in their order. */
  troubles: (Trouble | null)[] = [];
  /** Wills appended, and the record as it was then. */
  wills: { will: EndedSession; record: SessionRecord | null }[] = [];
  /** Whether the log takes wills. */
  logTakes = true;
  evictions: { epoch: number; node: string }[] = [];
  evict: (holder: SessionRecord, epoch: number) => Promise<void> = () => Promise.resolve();
  readonly records: SessionRecords;
  #isAnswerLost = false;

  private constructor(server: NatsServer, nats: NatsConnection, kv: LeaderBucket) {
    this.#server = server;
    this.#nats = nats;
    this.kv = kv;
    const troubled: SessionKv = {
      get: (key) => kv.get(key),
      put: (key, value, options) => this.#write(() => kv.put(key, value, options)),
      purge: (key, options) => this.#write(() => kv.purge(key, options)),
    };
    this.records = new SessionRecords({
      kv: troubled,
      wills: {
        append: async (will) => {
          this.wills.push({ will, record: (await this.stored(will.clientId)).record });
          return this.logTakes;
        },
      },
      self: SELF,
      concurrency: 8,
      maxWaiting: 8,
      evict: async (holder, epoch) => {
        this.evictions.push({ epoch, node: holder.node });
        await this.evict(holder, epoch);
      },
    });
  }

  static async start(): Promise<RecordsFixture> {
    const server = await startNats();
    const nats = await connectNats({ servers: [server.url], name: 'test' });
    return new RecordsFixture(
      server,
      nats,
      await openBucket(jetstream(nats), buckets.sessions, { replicas: 1 }),
    );
  }

  /** Forgets what an earlier test said and saw. */
  reset(): void {
    this.troubles = [];
    this.wills = [];
    this.logTakes = true;
    this.evictions = [];
    this.evict = () => Promise.resolve();
  }

  async stored(clientId: string): Promise<{ revision: number; record: SessionRecord | null }> {
    const entry = await this.kv.get(clientKey(clientId));
    const record = entry?.operation === 'PUT' ? entry.json<SessionRecord>() : null;
    return { revision: entry?.revision ?? 0, record };
  }

  /** What some other node, or session-state, writes. */
  put(record: SessionRecord): Promise<number> {
    return this.kv.put(clientKey(record.clientId), JSON.stringify(record));
  }

  /** The write that is under way will not be answered. */
  loseAnswer(): void {
    this.#isAnswerLost = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#nats.close();
    await this.#server[Symbol.asyncDispose]();
  }

  async #write<T>(store: () => Promise<T>): Promise<T> {
    const trouble = this.troubles.shift() ?? null;
    if (trouble === 'write lost') throw new Error('timeout');
    this.#isAnswerLost = trouble === 'answer lost';
    if (typeof trouble === 'function') await trouble();
    const stored = await store();
    if (this.#isAnswerLost) throw new Error('timeout');
    return stored;
  }
}

export function holder(options: Partial<SessionHolder> = {}): SessionHolder {
  return {
    clientId: uniqueName('client'),
    connection: { protocolVersion: 5 },
    epoch: 0,
    sessionId: '',
    connectedAtMs: 0,
    expiry: 60,
    receiveMaximum: 20,
    will: undefined,
    username: new Uint8Array(0),
    ...options,
  };
}

export function will(delay = 0): Will {
  const bytes = { payload: Buffer.from('bye'), properties: new Uint8Array(0) };
  return { topic: 'gone', qos: 1, retain: false, delay, ...bytes };
}

export function storedWill(delay = 0): WillRecord {
  const text = { payload: Buffer.from('bye').toString('base64'), properties: '', username: '' };
  return { topic: 'gone', qos: 1, retain: false, delay, protocolVersion: 5, ...text };
}

/** A record of another node, connected unless it says otherwise. */
export function record(clientId: string, more: Partial<SessionRecord> = {}): SessionRecord {
  return {
    clientId,
    node: 'other',
    nodeEpoch: 3,
    connectedAtMs: 1_000,
    sessionId: 'old-session',
    expiry: 600,
    receiveMaximum: 10,
    ...more,
  };
}

export function ended(agoSeconds: number, epoch = 5): { atMs: number; epoch: number } {
  return { atMs: Date.now() - agoSeconds * 1_000, epoch };
}

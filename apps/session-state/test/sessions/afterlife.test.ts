import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { jetstream, jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import {
  buckets,
  clientKey,
  Envelope,
  NEVER_EXPIRES,
  partitionOf,
  RowKind,
  type SessionRecord,
  type WillRecord,
} from '@tributary/contracts';
import {
  connectNats,
  ensureLog,
  openBucket,
  Publisher,
  StreamReader,
  type LeaderBucket,
  WillPublisher,
} from '@tributary/log';
import { startNats, type NatsServer } from '@tributary/testing';
import { Afterlife } from '../../src/sessions/afterlife.ts';
import { SessionRecords } from '../../src/sessions/session-records.ts';
import { address, MemoryStream, owner, type Owner } from './book-fixture.ts';

const will: WillRecord = {
  topic: 'gone/x',
  payload: Buffer.from('bye').toString('base64'),
  qos: 1,
  retain: false,
  properties: '',
  delay: 0,
  protocolVersion: 5,
  username: 'ada',
};

describe('what is left of a connection', () => {
  const over = new AbortController();
  let server: NatsServer;
  let nats: NatsConnection;
  let manager: JetStreamManager;
  let kv: LeaderBucket;
  let owned: Owner;
  let afterlife: Afterlife;
  let alive: boolean;
  let ended: string[];
  let lost: string[];
  let number = 0;
  let clientId: string;

  before(async () => {
    server = await startNats();
    nats = await connectNats({ servers: [server.url], name: 'test' });
    manager = await jetstreamManager(nats);
    await ensureLog(manager, { generation: 1, partitions: 1 }, { maxBytes: 16 * 1024 * 1024, replicas: 1 });
    kv = await openBucket(jetstream(nats), buckets.sessions, { replicas: 1 });
  });
  after(async () => {
    over.abort();
    await nats.close();
    await server[Symbol.asyncDispose]();
  });
  beforeEach(() => {
    clientId = `client-${number++}`;
    alive = false;
    ended = [];
    lost = [];
    owned = owner(new MemoryStream());
    afterlife = new Afterlife({
      nodes: { isLive: () => alive },
      records: new SessionRecords(kv),
      book: owned.book,
      subscriptions: { end: (client, session) => Promise.resolve(void ended.push(`${client}/${session}`)) },
      wills: new WillPublisher(new Publisher(nats), { generation: 1, partitions: 1 }),
      signal: over.signal,
      onWill: () => {},
      shared: { memberLost: ({ clientId: client }, forGood) => lost.push(`${client} ${forGood}`) },
    });
  });

  function record(changes: Partial<SessionRecord> = {}): SessionRecord {
    const node = { node: 'node-0', nodeEpoch: 1, connectedAtMs: Date.now() };
    return { clientId, ...node, sessionId: 's', expiry: 0, receiveMaximum: 10, ...changes };
  }

  async function put(changes: Partial<SessionRecord>): Promise<number> {
    return kv.put(clientKey(clientId), JSON.stringify(record(changes)));
  }

  async function stored(): Promise<SessionRecord | null> {
    const entry = await kv.get(clientKey(clientId));
    return entry?.operation === 'PUT' ? entry.json<SessionRecord>() : null;
  }

  function open(epoch: number): void {
    const opened = owned.book.open({ ...address(clientId, epoch), sessionId: 's' }, false);
    assert.ok(opened);
    owned.book.deliverTo(opened.session, address(clientId, epoch), 10);
  }

  /** Payloads of this client's wills in the log. */
  async function wills(): Promise<string[]> {
    assert.equal(partitionOf(clientId, 1), 0);
    const { state } = await manager.streams.info('TRIB_LOG_1_0');
    if (state.messages === 0) return [];
    const reading = new AbortController();
    using reader = await StreamReader.open(nats, { stream: 'TRIB_LOG_1_0', from: 1, signal: reading.signal });
    const found: string[] = [];
    for (let seen = 0; seen < state.last_seq;) {
      for (const { sequence, data } of await reader.take(1_000_000, 1_000)) {
        seen = sequence;
        const row = Envelope.open(data).row(0);
        if (row.clientId !== clientId) continue;
        assert.deepEqual([row.kind, row.topic, row.qos, row.username], [RowKind.will, 'gone/x', 1, 'ada']);
        found.push(row.payload.toString());
      }
    }
    reading.abort();
    return found;
  }

  it('is nothing when its record is gone: the session ends', async () => {
    open(1);
    await afterlife.connectionEnded({ ...address(clientId, 1) });
    assert.equal(owned.book.get(clientId), undefined);
    assert.deepEqual([ended, lost], [[`${clientId}/s`], [`${clientId} true`]]);
  });

  it('is a session without a connection until it expires', async () => {
    const epoch = await put({ expiry: 1 });
    open(epoch);
    await put({ expiry: 1, ended: { atMs: Date.now(), epoch } });
    await afterlife.connectionEnded(address(clientId, epoch));
    const session = owned.book.get(clientId);
    assert.deepEqual([session?.attachment, ended, lost], [null, [], [`${clientId} false`]]);
    assert.equal(afterlife.waiting, 1);
    await delay(2_100);
    await afterlife.sweep();
    assert.equal(owned.book.get(clientId), undefined);
    assert.deepEqual([await stored(), ended], [null, [`${clientId}/s`]]);
  });

  it('stays for ever if it never expires', async () => {
    const epoch = await put({ expiry: NEVER_EXPIRES });
    open(epoch);
    await put({ expiry: NEVER_EXPIRES, ended: { atMs: 1_000, epoch } });
    await afterlife.look(clientId);
    assert.ok(owned.book.get(clientId));
    assert.equal(afterlife.waiting, 0);
  });

  it('goes on when the client has come back', async () => {
    open(await put({ expiry: 60 }));
    const epoch = await put({ expiry: 60 });
    open(epoch);
    await afterlife.connectionEnded(address(clientId, epoch - 1));
    assert.equal(owned.book.get(clientId)?.attachment?.epoch, epoch);
    assert.deepEqual([ended, lost], [[], []]);
  });

  it('ends when the client has come back with another session', async () => {
    open(await put({ expiry: 60 }));
    await put({ sessionId: 'new' });
    await afterlife.look(clientId);
    assert.equal(owned.book.get(clientId), undefined);
    assert.deepEqual(ended, [`${clientId}/s`]);
  });

  it('ends as its node would have ended it, when the node is gone', async () => {
    const revision = await put({ expiry: 60, will });
    open(revision);
    await afterlife.orphaned({ record: record({ expiry: 60, will }), revision });
    const left = await stored();
    assert.deepEqual([left?.ended?.epoch, left?.will, await wills()], [revision, undefined, ['bye']]);
    assert.equal(owned.book.get(clientId)?.attachment, null);
  });

  it('leaves the client alone that has come back before its dead node was dealt with', async () => {
    const revision = await put({ expiry: 60, will });
    await put({ expiry: 60, will });
    await afterlife.orphaned({ record: record({ expiry: 60, will }), revision });
    assert.deepEqual([(await stored())?.ended, await wills()], [undefined, []]);
  });

  it('is a will that is published after its delay, once', async () => {
    const delayed = { ...will, delay: 1 };
    const epoch = await put({ expiry: 60, will: delayed });
    await put({ expiry: 60, will: delayed, ended: { atMs: Date.now(), epoch } });
    await afterlife.look(clientId);
    assert.deepEqual(await wills(), []);
    await delay(2_100);
    await afterlife.sweep();
    assert.deepEqual([await wills(), (await stored())?.will], [['bye'], undefined]);
    await afterlife.look(clientId);
    assert.deepEqual(await wills(), ['bye']);
  });

  it('is a will that comes at the end of the session if that is sooner', async () => {
    const delayed = { ...will, delay: 600 };
    const epoch = await put({ expiry: 1, will: delayed });
    await put({ expiry: 1, will: delayed, ended: { atMs: Date.now(), epoch } });
    await afterlife.look(clientId);
    await delay(2_100);
    await afterlife.sweep();
    assert.deepEqual([await wills(), await stored()], [['bye'], null]);
  });

  it('is a will that its live node publishes itself', async () => {
    alive = true;
    const epoch = await put({ will });
    await put({ will, ended: { atMs: Date.now(), epoch } });
    await afterlife.look(clientId);
    assert.deepEqual([await wills(), afterlife.waiting], [[], 1]);
    alive = false;
    await afterlife.look(clientId);
    assert.deepEqual([await wills(), await stored()], [['bye'], null]);
  });

  it('is published once although an owner died before it could say so', async () => {
    const epoch = await put({ expiry: 60, will });
    const end = { expiry: 60, will, ended: { atMs: Date.now(), epoch } };
    await put(end);
    await afterlife.look(clientId);
    await put(end);
    await afterlife.look(clientId);
    assert.deepEqual(await wills(), ['bye']);
  });
});

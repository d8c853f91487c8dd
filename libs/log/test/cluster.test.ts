import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { jetstream, jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import { outStream, streamNames } from '@tributary/contracts';
import { startNatsCluster, uniqueName, until, type NatsCluster, type NatsServer } from '@tributary/testing';
import {
  BucketFollower,
  CheckpointedWriter,
  connectNats,
  CursorRegistry,
  ensureLog,
  ensureOut,
  MappingVersions,
  memberKey,
  MemberView,
  openBucket,
  Publisher,
  type LeaderBucket,
} from '../src/mod.ts';
import { shape } from './log-fixture.ts';

const REPLICAS = 3;
const limits = { maxBytes: 64 * 1024 * 1024, replicas: REPLICAS };

describe('on three NATS servers', () => {
  let cluster: NatsCluster;
  let nats: NatsConnection;
  let manager: JetStreamManager;
  before(async () => {
    cluster = await startNatsCluster();
    nats = await connectNats({ servers: cluster.urls, name: 'test' });
    manager = await jetstreamManager(nats);
  });
  after(async () => {
    await nats.close();
    await cluster[Symbol.asyncDispose]();
  });

  const bucket = (name = uniqueName('bucket')): Promise<LeaderBucket> =>
    openBucket(jetstream(nats), name, { replicas: REPLICAS });

  /** Has the leader of a stream wait for its replicas meanwhile: what is written is proposed, but not stored. */
  async function withoutQuorum(stream: string, ms: number, meanwhile: () => void): Promise<void> {
    const leader = await cluster.leaderOf(stream);
    const followers = cluster.servers.filter((server) => server !== leader);
    for (const server of followers) server.pause();
    try {
      meanwhile();
      await delay(ms);
    } finally {
      for (const server of followers) server.resume();
    }
  }

  /** A new bucket, by a connection to the server that leads it: who is connected to a frozen one would not be heard. */
  async function ledBucket(): Promise<LeaderBucket> {
    const name = uniqueName('bucket');
    const kv = await bucket(name);
    await connectedTo(await cluster.leaderOf(kv.bucketName()));
    const led = await bucket(name);
    await until(() => led.put('there', '1'), { what: 'the bucket to be reached' });
    return led;
  }

  async function connectedTo(server: NatsServer): Promise<void> {
    if (nats.info?.server_name === server.name) return;
    await nats.close();
    nats = await connectNats({ servers: [server.url], name: 'test' });
    manager = await jetstreamManager(nats);
  }

  it('a bucket is read from its leader, also one that was made to be read from any replica', async () => {
    const name = uniqueName('bucket');
    await new Kvm(nats).create(name, { replicas: REPLICAS, allow_direct: true });
    assert.equal((await bucket(name)).direct, false);
    const { config } = await manager.streams.info((await bucket()).bucketName());
    assert.equal(config.allow_direct, false);
  });

  it('a bucket with another number of replicas is an error', async () => {
    const name = uniqueName('bucket');
    await openBucket(jetstream(nats), name, { replicas: 1 });
    await assert.rejects(bucket(name), { code: 'stream-differs' });
  });

  it('the keys of a bucket are what its leader has', async () => {
    const kv = await ledBucket();
    for (let n = 0; n < 50; n++) await kv.put(`a.${n}`, '');
    const keys: string[] = [];
    for await (const key of await kv.keys('a.*')) keys.push(key);
    assert.equal(keys.length, 50);
    await using follower = await BucketFollower.open(kv, { onEntry: () => undefined });
    assert.equal(follower.revision, await kv.lastRevision());
  });

  it('a mapping version is not stored "by somebody else" while another write is only under way', async () => {
    const kv = await ledBucket();
    const versions = new MappingVersions(kv);
    const record = { version: 7, text: '', source: '', appliedBy: '', comment: '', appliedAtMs: 0 };
    const outcomes: Promise<PromiseSettledResult<void>[]>[] = [];
    await withoutQuorum(kv.bucketName(), 1_500, () => {
      outcomes.push(Promise.allSettled([versions.create(record), versions.create(record)]));
    });
    const [both = []] = await Promise.all(outcomes);
    assert.deepEqual(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
    const loser = both.find((one) => one.status === 'rejected');
    assert.equal((loser?.reason as { code?: unknown }).code, 'conflict');
  });

  it('readers are registered although another registration is under way', async () => {
    const log = await ensureLog(manager, shape, limits);
    const kv = await ledBucket();
    const cursors = new CursorRegistry(kv);
    const outcomes: Promise<unknown>[] = [];
    await withoutQuorum(kv.bucketName(), 1_500, () => {
      outcomes.push(cursors.register('main', log), cursors.register('main', log));
    });
    await Promise.all(outcomes);
    const registered = (await cursors.entries()).filter(({ reader }) => reader === 'main');
    assert.equal(registered.length, shape.partitions);
  });

  it('a writer is not deposed by its own message, proposed but not stored before it tried again', async () => {
    await ensureOut(manager, 'main', shape, limits);
    const { name: stream, subject } = outStream('main', shape, 0, limits);
    assert.equal(stream, streamNames.out('main', shape.generation, 0));
    await connectedTo(await cluster.leaderOf(stream));
    const ending = new AbortController();
    const retries: unknown[] = [];
    const { writer } = await CheckpointedWriter.open({
      publisher: new Publisher(nats),
      manager,
      stream,
      subject,
      signal: ending.signal,
      onRetry: (error) => retries.push(error),
    });
    const position = (sequence: number) => ({
      incarnation: 'first',
      from: sequence,
      sequence,
      part: 1,
      parts: 1,
      mapping: 1,
      epoch: 1,
    });
    assert.equal(await writer.write(position(1), Buffer.from('before')), 1);
    const writes: Promise<number>[] = [];
    // Longer than an attempt, shorter than a leader puts up with.
    await withoutQuorum(stream, 4_500, () =>
      writes.push(writer.write(position(2), Buffer.from('meanwhile'))),
    );
    assert.deepEqual(await Promise.all(writes), [2]);
    assert.ok(retries.length > 0, 'it had to try again');
  });

  it('nobody alive is taken for dead because the server that told of them is killed', async () => {
    const ttlMs = 3_000;
    const role = 'mapper';
    const kv = await ledBucket();
    const stream = kv.bucketName();
    const leaders = [await cluster.leaderOf(stream), await cluster.metaLeader()];
    const epoch = await kv.put(memberKey(role, 'a'), JSON.stringify({ epoch: 0 }));
    const member = { instance: 'a', epoch };
    const told = async (): Promise<NatsServer | undefined> => {
      const servers: string[] = [];
      for await (const { cluster: place } of manager.consumers.list(stream))
        servers.push(place?.leader ?? '');
      return cluster.servers.find(({ name }) => name === servers.at(-1));
    };
    let view = await MemberView.open({ kv, role, ttlMs });
    let victim = await told();
    // Where a consumer is placed is chance. One of a server that leads nothing we need shows the watch alone.
    for (let n = 0; n < 40 && (victim === undefined || leaders.includes(victim)); n++) {
      await view[Symbol.asyncDispose]();
      await until(async () => (await manager.streams.info(stream)).state.consumer_count === 0);
      view = await MemberView.open({ kv, role, ttlMs });
      victim = await told();
    }
    await until(() => view.isLive(member), { what: 'the member to be seen' });
    const renewing = setInterval(() => {
      void kv.put(memberKey(role, 'a'), JSON.stringify({ epoch }), { timeout: 500 }).catch(() => undefined);
    }, ttlMs / 3);
    const deaths: number[] = [];
    const killedAt = performance.now();
    await victim?.kill();
    while (performance.now() - killedAt < 12_000) {
      if (!view.isLive(member)) deaths.push(Math.round(performance.now() - killedAt));
      await delay(20);
    }
    clearInterval(renewing);
    assert.deepEqual(deaths, []);
    await until(() => !view.isLive(member), { what: 'the member to be missed once it does not renew' });
    await view[Symbol.asyncDispose]();
    await victim?.start();
    await cluster.settled();
  });
});

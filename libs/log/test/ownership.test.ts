import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { jetstream } from '@nats-io/jetstream';
import { buckets } from '@tributary/contracts';
import { until } from '@tributary/testing';
import { connectNats, Membership, openBucket, Ownership, type BucketWatch, type Lease } from '../src/mod.ts';
import { range, startLog, type LogFixture } from './log-fixture.ts';

const TTL_MS = 1_500;
const resources = range(8).map((p) => `main_${p}`);

/** A member with a connection of its own, as a service process has it. */
async function member(
  log: LogFixture,
  instance: string,
  working: (lease: Lease) => Promise<void> = untilReleased,
) {
  const nats = await connectNats({ servers: [log.server.url], name: instance });
  const kv = await openBucket(jetstream(nats), buckets.leases, { replicas: 1 });
  let ownership: Ownership | null = null;
  const membership = await Membership.join({
    kv,
    role: 'mapper',
    instance,
    ttlMs: TTL_MS,
    onChange: () => ownership?.reconcile(),
  });
  const errors: unknown[] = [];
  ownership = new Ownership({ membership, work: working, onWorkerError: (_, error) => errors.push(error) });
  ownership.setResources(resources);
  return {
    nats,
    membership,
    ownership,
    errors,
    owned: () => ownership.owned().map(({ resource }) => resource),
  };
}

function untilReleased({ signal }: Lease): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

type Peer = Awaited<ReturnType<typeof member>>;

async function leave(peer: Peer): Promise<void> {
  await peer.ownership[Symbol.asyncDispose]();
  await peer.membership[Symbol.asyncDispose]();
  await peer.nats.close();
}

const settle = { timeoutMs: 15_000, what: 'ownership to settle' };

describe('ownership of partitions', () => {
  it('one member owns all; a second takes its share; when it leaves, all return', async () => {
    await using log = await startLog();
    const a = await member(log, 'a');
    await until(() => a.owned().length === 8, settle);
    const b = await member(log, 'b');
    await until(() => b.owned().length > 0 && a.owned().length + b.owned().length === 8, settle);
    assert.deepEqual([...a.owned(), ...b.owned()].sort(), resources);
    await leave(b);
    await until(() => a.owned().length === 8, settle);
    await leave(a);
  });

  it('what a vanished member owned is taken over after its lease, with higher epochs', async () => {
    await using log = await startLog();
    const a = await member(log, 'a');
    const b = await member(log, 'b');
    await until(() => b.owned().length > 0 && a.owned().length + b.owned().length === 8, settle);
    const epochs = new Map(b.ownership.owned().map(({ resource, epoch }) => [resource, epoch]));
    await b.nats.close();
    const goneAt = performance.now();
    await until(() => a.owned().length === 8, settle);
    console.log(`taken over after ${Math.round(performance.now() - goneAt)} ms, time to live ${TTL_MS} ms`);
    for (const { resource, epoch } of a.ownership.owned()) {
      assert.ok(epoch > (epochs.get(resource) ?? 0), `${resource} has a higher epoch`);
    }
    await until(() => b.membership.lost.aborted && b.owned().length === 0, settle);
    await b.ownership[Symbol.asyncDispose]();
    await leave(a);
  });

  it('a holder that cannot renew lets go before others may take over', async () => {
    await using log = await startLog();
    const a = await member(log, 'a');
    await until(() => a.owned().length === 8, settle);
    const pausedAt = performance.now();
    log.server.pause();
    await until(() => a.membership.lost.aborted, settle);
    const held = performance.now() - pausedAt;
    console.log(`let go ${Math.round(held)} ms after the server hung, time to live ${TTL_MS} ms`);
    assert.ok(held < TTL_MS);
    await until(() => a.owned().length === 0, settle);
    log.server.resume();
    await leave(a);
  });

  it('a process that restarts under its old name goes on at once', async () => {
    await using log = await startLog();
    const first = await member(log, 'a');
    await until(() => first.owned().length === 8, settle);
    const epoch = Math.max(...first.ownership.owned().map((lease) => lease.epoch));
    const startedAt = performance.now();
    const second = await member(log, 'a');
    await until(() => second.owned().length === 8, settle);
    assert.ok(performance.now() - startedAt < TTL_MS, 'without waiting for the old lease to end');
    assert.ok(Math.min(...second.ownership.owned().map((lease) => lease.epoch)) > epoch);
    await until(() => first.membership.lost.aborted, settle);
    await leave(second);
    await leave(first);
  });

  it('a worker that fails is reported and started again with a new epoch', async () => {
    await using log = await startLog();
    const epochs: number[] = [];
    const a = await member(log, 'a', async (lease) => {
      if (lease.resource !== 'main_3') return untilReleased(lease);
      epochs.push(lease.epoch);
      if (epochs.length === 1) throw new Error('first try');
      return untilReleased(lease);
    });
    await until(() => epochs.length === 2, settle);
    assert.ok((epochs[1] ?? 0) > (epochs[0] ?? 0));
    assert.equal(a.errors.length, 1);
    await leave(a);
  });

  it('a share that was let go without an answer is given back all the same', async () => {
    await using log = await startLog();
    const a = await member(log, 'a');
    await until(() => a.owned().length === 8, settle);
    let unanswered = 0;
    const { kv } = a.membership;
    const deletion = kv.delete.bind(kv);
    kv.delete = (key, options) => {
      if (unanswered++ < 4) return Promise.reject(new Error('no answer'));
      return deletion(key, options);
    };
    const b = await member(log, 'b');
    await until(() => b.owned().length > 0 && a.owned().length + b.owned().length === 8, settle);
    assert.ok(unanswered > 0);
    await leave(b);
    await leave(a);
  });

  it('a lease outlives the loss of an answer while its watch is blind', async () => {
    await using log = await startLog();
    const nats = await connectNats({ servers: [log.server.url], name: 'a' });
    const kv = await openBucket(jetstream(nats), buckets.leases, { replicas: 1 });
    const watching = kv.watch.bind(kv);
    const watches: BucketWatch[] = [];
    kv.watch = async (options) => {
      const watch = await watching(options);
      watches.push(watch);
      return watch;
    };
    const membership = await Membership.join({ kv, role: 'mapper', instance: 'a', ttlMs: TTL_MS });
    for (const watch of watches) watch.stop();
    const storing = kv.put.bind(kv);
    let lost = 0;
    kv.put = async (key, data, options) => {
      const revision = await storing(key, data, options);
      if (lost++ === 0) throw new Error('no answer');
      return revision;
    };
    await delay(TTL_MS * 2);
    assert.ok(lost > 1);
    assert.equal(membership.lost.aborted, false);
    await membership[Symbol.asyncDispose]();
    await nats.close();
  });
});

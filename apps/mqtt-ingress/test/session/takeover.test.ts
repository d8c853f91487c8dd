import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Kvm, type KV } from '@nats-io/kv';
import { jetstream } from '@nats-io/jetstream';
import { buckets, clientKey, type SessionRecord } from '@tributary/contracts';
import { uniqueName, until, type Proc } from '@tributary/testing';
import { metric, Platform } from '../platform.ts';
import { RawClient } from '../raw-client.ts';

describe('a client id that connects again', () => {
  let platform: Platform;
  let first: Proc;
  let second: Proc;
  let sessions: KV;

  before(async () => {
    platform = await Platform.start();
    first = await platform.node({ 'service.instance': 'first', 'lease.ttlMs': 3_000 });
    second = await platform.node({ 'service.instance': 'second', 'lease.ttlMs': 3_000 });
    sessions = await new Kvm(jetstream(platform.nats)).open(buckets.sessions);
  });
  after(() => platform[Symbol.asyncDispose]());

  async function record(clientId: string): Promise<{ record: SessionRecord; epoch: number } | null> {
    const entry = await sessions.get(clientKey(clientId));
    if (entry === null || entry.operation !== 'PUT') return null;
    return { record: entry.json<SessionRecord>(), epoch: entry.revision };
  }

  it('has a record while it is connected, and none afterwards', async () => {
    const clientId = uniqueName('record');
    using client = await RawClient.connect(first, { clientId });
    const found = await record(clientId);
    assert.equal(found?.record.node, 'first');
    assert.equal(found.record.clientId, clientId);
    client.publish('a', 'x', 1, 1);
    await client.take('puback');
    const rows = (await platform.rows()).filter(({ row }) => row.clientId === clientId);
    assert.equal(rows[0]?.row.epoch, found.epoch, 'the revision of the record is the connection epoch');
    client.send({ cmd: 'disconnect' });
    await client.untilClosed();
    assert.equal(await record(clientId), null, 'gone before the device sees its socket closed');
  });

  it('takes over on the same node', async () => {
    const clientId = uniqueName('same');
    using old = await RawClient.connect(first, { clientId, protocolVersion: 5 });
    const before = await record(clientId);
    using young = await RawClient.connect(first, { clientId });
    assert.equal((await old.take('disconnect')).reasonCode, 0x8e);
    await old.untilClosed();
    const now = await record(clientId);
    assert.ok(before && now && now.epoch > before.epoch);
    young.publish('a', 'x', 1, 1);
    await young.take('puback');
  });

  it('takes over across nodes: the old socket is closed and its rows are stored before CONNACK', async () => {
    const clientId = uniqueName('across');
    using old = await RawClient.connect(first, { clientId, protocolVersion: 5 });
    for (let n = 1; n <= 100; n++) old.publish('a', `old ${n}`, 1, n);
    // Wait for one answer, so that all of the burst has been read.
    await old.take('puback');
    using young = await RawClient.connect(second, { clientId });
    const rowsAtConnack = (await platform.rows()).filter(({ row }) => row.clientId === clientId);
    await until(() => old.closed);
    const acknowledged = 1 + old.received.filter(({ cmd }) => cmd === 'puback').length;
    assert.ok(rowsAtConnack.length >= acknowledged);
    young.publish('a', 'young', 1, 1);
    await young.take('puback');
    const rows = (await platform.rows()).filter(({ row }) => row.clientId === clientId);
    assert.equal(rows.length, rowsAtConnack.length + 1, 'nothing of the old connection came after CONNACK');
    assert.equal(rows.at(-1)?.row.payload.toString(), 'young');
    assert.equal((await record(clientId))?.record.node, 'second');
    assert.ok(old.received.some((packet) => packet.cmd === 'disconnect' && packet.reasonCode === 0x8e));
  });

  it('leaves one connection when many come at once, on both nodes', async () => {
    const clientId = uniqueName('storm');
    const clients = Array.from({ length: 40 }, (_, n) => new RawClient(n % 2 === 0 ? first : second));
    for (const client of clients) client.sendConnect({ clientId });
    await until(() => clients.filter(({ closed }) => !closed).length === 1, { timeoutMs: 20_000 });
    await delay(500);
    const alive = clients.filter(({ closed }) => !closed);
    assert.equal(alive.length, 1);
    const [survivor] = alive;
    assert.ok(survivor);
    await survivor.take('connack');
    survivor.publish('a', 'x', 1, 1);
    await survivor.take('puback');
    const rows = (await platform.rows()).filter(({ row }) => row.clientId === clientId);
    assert.equal(rows[0]?.row.epoch, (await record(clientId))?.epoch);
    for (const client of clients) client[Symbol.dispose]();
  });

  it('waits for the lease of a node that hangs, not longer, and not for others', async () => {
    const third = await platform.node({ 'service.instance': 'third', 'lease.ttlMs': 3_000 });
    const clientId = uniqueName('hang');
    using old = await RawClient.connect(third, { clientId });
    third.pause();
    const began = performance.now();
    using young = new RawClient(first);
    young.sendConnect({ clientId });
    // Another device is not held up by it.
    using other = await RawClient.connect(first, { clientId: uniqueName('other') });
    assert.ok(performance.now() - began < 1_000);
    await young.take('connack', 10_000);
    const waited = performance.now() - began;
    assert.ok(waited > 1_000 && waited < 6_000, `${waited} ms`);
    assert.equal((await record(clientId))?.record.node, 'first');
    third.resume();
    // It finds its lease gone and closes what it had.
    await old.untilClosed(10_000);
    await until(() => third.get('/readyz').then(({ ok }) => ok), {
      timeoutMs: 15_000,
      what: 'it joins again',
    });
    using again = await RawClient.connect(third, { clientId: uniqueName('again') });
    again.publish('a', 'x', 1, 1);
    await again.take('puback');
    assert.equal(await metric(third, 'tributary_leases_lost_total'), 1);
    assert.equal(young.closed, false);
    assert.equal(other.closed, false);
  });

  it('takes over from a node that was killed', async () => {
    const fourth = await platform.node({ 'service.instance': 'fourth', 'lease.ttlMs': 3_000 });
    const clientId = uniqueName('killed');
    using _old = await RawClient.connect(fourth, { clientId });
    await fourth.kill();
    const began = performance.now();
    using young = new RawClient(second);
    young.sendConnect({ clientId });
    await young.take('connack', 10_000);
    assert.ok(performance.now() - began < 5_000);
    assert.equal((await record(clientId))?.record.node, 'second');
  });
});

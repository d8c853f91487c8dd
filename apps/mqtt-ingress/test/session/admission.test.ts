import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { uniqueName, until, type Proc } from '@tributary/testing';
import { metric, Platform } from '../platform.ts';
import { RawClient } from '../raw-client.ts';

describe('admission', () => {
  let platform: Platform;
  let node: Proc;

  before(async () => {
    platform = await Platform.start();
    node = await platform.node({
      'lease.ttlMs': 60_000,
      'limits.clientIdBytes': 30,
      'connect.timeoutMs': 1_000,
    });
  });
  after(() => platform[Symbol.asyncDispose]());

  async function refusal(version: 4 | 5, options: object, at: Proc = node): Promise<number> {
    using client = new RawClient(at, version);
    client.sendConnect({ clientId: uniqueName('c'), ...options });
    const { reasonCode, returnCode } = await client.take('connack', 10_000);
    await client.untilClosed();
    return reasonCode ?? returnCode ?? 0;
  }

  it('bounds client ids in length', async () => {
    assert.equal(await refusal(4, { clientId: 'x'.repeat(31) }), 2);
    assert.equal(await refusal(5, { clientId: 'ä'.repeat(16) }), 0x85);
    using ok = await RawClient.connect(node, { clientId: 'x'.repeat(30) });
    assert.equal(ok.closed, false);
  });

  it('names a client that leaves its id to the server', async () => {
    using client = new RawClient(node, 5);
    client.sendConnect({ clientId: '' });
    const { properties } = await client.take('connack');
    assert.ok(properties?.assignedClientIdentifier);
    client.publish('a', 'x', 1, 1);
    await client.take('puback');
    const rows = await platform.rows();
    assert.ok(rows.some(({ row }) => row.clientId === properties.assignedClientIdentifier));
  });

  it('refuses a will to a topic that is not for clients', async () => {
    const will = { topic: '$SYS/x', payload: Buffer.from('x'), qos: 0 as const, retain: false };
    assert.equal(await refusal(5, { will }), 0x90);
  });

  it('refuses everybody where anonymous connections are not allowed', async () => {
    const closed = await platform.node({ 'auth.anonymous': false });
    assert.equal(await refusal(4, {}, closed), 5);
    assert.equal(await refusal(5, {}, closed), 0x87);
    assert.equal(await refusal(4, { username: 'u', password: Buffer.from('p') }, closed), 4);
    assert.equal(await metric(closed, 'tributary_ingress_connects_accepted_total'), 0);
  });

  it('refuses beyond the number of connections', async () => {
    const small = await platform.node({ 'limits.connections': 2 });
    using one = await RawClient.connect(small, { clientId: 'one' });
    using two = await RawClient.connect(small, { clientId: 'two' });
    assert.equal(await refusal(5, {}, small), 0x97);
    one.send({ cmd: 'disconnect' });
    await one.untilClosed();
    using three = await RawClient.connect(small, { clientId: 'three' });
    assert.ok(!two.closed && !three.closed);
  });

  it('admits a storm of devices with few session records in the air', async () => {
    const patient = await platform.node({
      'connect.concurrency': 4,
      'connect.timeoutMs': 20_000,
      'limits.connectsPerSecond': 0,
    });
    const began = performance.now();
    const clients = Array.from({ length: 1_000 }, (_, n) => new RawClient(patient, n % 2 === 0 ? 4 : 5));
    clients.forEach((client, n) => client.sendConnect({ clientId: `storm-${n}` }));
    const answered = (): boolean => clients.every(({ received }) => received.length > 0);
    await until(answered, { timeoutMs: 20_000, what: 'all are answered' });
    const ms = Math.round(performance.now() - began);
    const accepted = clients.filter(({ received: [packet] }) => {
      return packet?.cmd === 'connack' && (packet.reasonCode ?? packet.returnCode) === 0;
    });
    console.log(
      `1,000 CONNECTs at once: ${accepted.length} accepted in ${ms} ms, 4 session records at a time`,
    );
    assert.equal(accepted.length, 1_000);
    for (const client of clients) client[Symbol.dispose]();
    await until(async () => (await metric(patient, 'tributary_ingress_connections')) === 0);
  });

  it('refuses as "unavailable" while NATS hangs, in bounded time, and admits again afterwards', async () => {
    using before = await RawClient.connect(node, { clientId: 'before' });
    platform.server.pause();
    const began = performance.now();
    const refusals = await Promise.all([refusal(4, {}), refusal(5, {}), refusal(5, {})]);
    const ms = Math.round(performance.now() - began);
    platform.server.resume();
    assert.deepEqual(refusals, [3, 0x88, 0x88]);
    assert.ok(ms < 3_000, `${ms} ms`);
    assert.equal(before.closed, false);
    await until(() => RawClient.connect(node, { clientId: 'after' }), { timeoutMs: 10_000 });
  });
});

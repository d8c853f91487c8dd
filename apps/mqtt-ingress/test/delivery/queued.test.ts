import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { encodePublishProperties, Settled } from '@tributary/contracts';
import { until } from '@tributary/testing';
import { metric } from '../platform.ts';
import type { RawClient } from '../raw-client.ts';
import { granted, recipient, type TestDelivery } from '../session-responder.ts';
import { DeliveryFixture, publishes } from './delivery-fixture.ts';

/** Of session shards. */
const FIRST_SHARD = 0x8000_0000;

describe('deliveries from the queue of a session', () => {
  let fixture: DeliveryFixture;

  before(async () => {
    fixture = await DeliveryFixture.start();
    fixture.channel = FIRST_SHARD;
  });
  after(() => fixture[Symbol.asyncDispose]());
  beforeEach(() => {
    fixture.channel++;
    fixture.session.answer = granted;
  });

  /** A device whose session outlives its connection. */
  function persistent(version: 4 | 5 = 5, properties: object = {}): Promise<[RawClient, string, number]> {
    const lasting = version === 5 ? { properties: { sessionExpiryInterval: 60, ...properties } } : {};
    return fixture.connect(version, { clean: false, ...lasting });
  }

  function entry(
    [, clientId, epoch]: [RawClient, string, number],
    counter: number,
    qos: 1 | 2,
    more: Partial<TestDelivery['message']> & { dup?: boolean } = {},
  ): TestDelivery {
    const { dup = false, ...message } = more;
    return {
      sequence: counter,
      message: { topic: 'q', payload: String(counter), ...message },
      to: [recipient(clientId, epoch, qos, { counter, dup })],
    };
  }

  const settled = (clientId: string, ...expected: [number, Settled][]): Promise<unknown> =>
    until(() => JSON.stringify(fixture.session.settledBy(clientId)) === JSON.stringify(expected), {
      what: `settled: ${JSON.stringify(expected)}`,
    });

  it('travel under ids that follow from their counters, and are settled by their answers', async () => {
    const device = await persistent();
    const [client, clientId] = device;
    using _client = client;
    const counters = [65_534, 65_535, 65_536, 65_537, 200_000];
    const ids = [65_534, 65_535, 1, 2, ((200_000 - 1) % 65_535) + 1];
    fixture.send(
      1,
      1,
      counters.map((counter, n) => entry(device, counter, 1, { dup: n === 1 })),
    );
    const got = await publishes(client, 5);
    assert.deepEqual(
      got.map(({ messageId, dup }) => [messageId, dup]),
      ids.map((id, n) => [id, n === 1]),
    );
    // In any order, and a reason that refuses settles as well.
    client.send({ cmd: 'puback', messageId: 1 });
    client.send({ cmd: 'puback', messageId: 65_534, reasonCode: 0x97 });
    await settled(clientId, [65_536, Settled.done], [65_534, Settled.done]);
  });

  it('of QoS 2 are released when it is stored that they were received, and not before', async () => {
    const device = await persistent();
    const [client, clientId] = device;
    using _client = client;
    fixture.session.answer = (command) => (command.type === 'settle' ? undefined : granted(command));
    fixture.send(1, 1, [entry(device, 7, 2), entry(device, 8, 2), entry(device, 9, 1)]);
    await publishes(client, 3);
    client.send({ cmd: 'pubrec', messageId: 7 });
    client.send({ cmd: 'pubrec', messageId: 7 });
    await delay(100);
    assert.deepEqual(client.received, [], 'the answer to "received" is awaited');
    fixture.session.answer = granted;
    assert.equal((await client.take('pubrel')).messageId, 7);
    client.send({ cmd: 'pubrec', messageId: 7 });
    assert.equal((await client.take('pubrel')).messageId, 7, 'a PUBREC that comes again gets PUBREL again');
    client.send({ cmd: 'pubcomp', messageId: 7 });
    client.send({ cmd: 'pubrec', messageId: 8, reasonCode: 0x80 });
    await settled(clientId, [7, Settled.received], [7, Settled.done], [8, Settled.done]);
    assert.deepEqual(client.received, []);
  });

  it('come again after a failover without reaching the device again', async () => {
    const device = await persistent();
    const [client, clientId] = device;
    using _client = client;
    fixture.send(1, 1, [entry(device, 1, 1), entry(device, 2, 1), entry(device, 3, 2)]);
    await publishes(client, 3);
    client.send({ cmd: 'puback', messageId: 1 });
    await settled(clientId, [1, Settled.done]);
    // A new owner that has not heard of it sends all of them, and the next.
    fixture.send(
      1,
      2,
      [1, 2, 3, 4].map((n) => entry(device, n, n === 3 ? 2 : 1, { dup: true })),
    );
    const [next, ...more] = await publishes(client, 1);
    assert.deepEqual([next?.messageId, next?.dup, more.length], [4, true, 0]);
    await settled(clientId, [1, Settled.done], [1, Settled.done]);
    client.send({ cmd: 'puback', messageId: 2 });
    await settled(clientId, [1, Settled.done], [1, Settled.done], [2, Settled.done]);
  });

  it('that the device cannot have are settled by that: too large, or expired here or while they wait', async () => {
    const device = await persistent(5, { receiveMaximum: 1, maximumPacketSize: 100 });
    const [client, clientId] = device;
    using _client = client;
    const expiring = (seconds: number): Partial<TestDelivery['message']> => ({
      properties: encodePublishProperties({ messageExpiry: seconds, userProperties: [] }),
      receivedMs: Date.now() - 5_600,
    });
    fixture.send(1, 1, [
      entry(device, 1, 1, { payload: 'x'.repeat(100) }),
      entry(device, 2, 1, expiring(5)),
      entry(device, 3, 1),
      entry(device, 4, 1, expiring(6)),
      entry(device, 5, 1),
    ]);
    await settled(clientId, [1, Settled.done], [2, Settled.done]);
    assert.equal((await client.take('publish')).messageId, 3);
    await delay(500);
    client.send({ cmd: 'puback', messageId: 3 });
    assert.equal((await client.take('publish')).messageId, 5);
    await until(() => fixture.session.settledBy(clientId).length === 4);
    assert.deepEqual(fixture.session.settledBy(clientId).slice(2).sort(), [
      [3, Settled.done],
      [4, Settled.done],
    ]);
  });

  it('are never dropped for the bound of what waits', async () => {
    const device = await persistent(5, { receiveMaximum: 10 });
    const [client] = device;
    using _client = client;
    const dropped = await metric(fixture.node, 'tributary_ingress_delivery_drops_total');
    // The node of this test keeps 100 messages for a device.
    fixture.send(
      1,
      1,
      Array.from({ length: 250 }, (_, n) => entry(device, n + 1, 1)),
    );
    for (let n = 1; n <= 250; n++) {
      const { messageId } = await client.take('publish');
      assert.equal(messageId, n);
      client.send({ cmd: 'puback', messageId: n });
    }
    assert.equal(await metric(fixture.node, 'tributary_ingress_delivery_drops_total'), dropped);
    await until(async () => (await metric(fixture.node, 'tributary_ingress_delivery_pending_bytes')) === 0);
  });

  it('of a session that ends with its connection share ids with what is in no queue', async () => {
    const device = await fixture.connect(5);
    const [client, clientId, epoch] = device;
    using _client = client;
    fixture.send(1, 1, [
      { sequence: 1, message: { topic: 'q', payload: 'plain' }, to: [recipient(clientId, epoch, 1)] },
      entry(device, 1, 1),
      entry(device, 500, 1),
    ]);
    const got = await publishes(client, 3);
    assert.deepEqual(
      got.map(({ messageId, payload }) => [messageId, payload.toString()]),
      [
        [1, 'plain'],
        [2, '1'],
        [3, '500'],
      ],
    );
    for (const messageId of [1, 2, 3]) client.send({ cmd: 'puback', messageId });
    await settled(clientId, [1, Settled.done], [500, Settled.done]);
  });

  it('are kept by the session when the connection ends, and what was settled is told before the end', async () => {
    const device = await persistent(5, { receiveMaximum: 2 });
    const [client, clientId] = device;
    fixture.session.answer = (command) => (command.type === 'settle' ? undefined : granted(command));
    fixture.send(
      1,
      1,
      [1, 2, 3, 4].map((n) => entry(device, n, 1)),
    );
    await publishes(client, 2);
    client.send({ cmd: 'puback', messageId: 1 });
    client.send({ cmd: 'disconnect' });
    await client.untilClosed();
    await delay(50);
    assert.deepEqual(fixture.session.of('end', clientId), []);
    fixture.session.answer = granted;
    await until(() => fixture.session.of('end', clientId).length === 1, { timeoutMs: 5_000 });
    assert.deepEqual(fixture.session.settledBy(clientId), [[1, Settled.done]]);
    await until(async () => (await metric(fixture.node, 'tributary_ingress_delivery_pending_bytes')) === 0);
  });
});

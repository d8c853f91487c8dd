import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { encodePublishProperties } from '@tributary/contracts';
import { until } from '@tributary/testing';
import { metric } from '../platform.ts';
import { recipient } from '../session-responder.ts';
import { DeliveryFixture, publishes } from './delivery-fixture.ts';

describe('deliveries to a device', () => {
  let fixture: DeliveryFixture;

  before(async () => {
    fixture = await DeliveryFixture.start();
  });
  after(() => fixture[Symbol.asyncDispose]());
  beforeEach(() => {
    fixture.channel++;
  });

  it('arrive in order, at the QoS of the subscription, with flags and identifiers', async () => {
    const [client, clientId, epoch] = await fixture.connect(5);
    using _client = client;
    const message = {
      topic: 'a/b',
      payload: 'hello',
      properties: encodePublishProperties({
        contentType: 't',
        userProperties: [
          ['k', 'v'],
          ['a', '1'],
          ['k', 'w'],
        ],
      }),
    };
    fixture.send(1, 10, [
      { sequence: 1, message, to: [recipient(clientId, epoch, 0, { subscriptionIds: [3, 300] })] },
      { sequence: 2, message, to: [recipient(clientId, epoch, 1, { retain: true })] },
      { sequence: 3, message, to: [recipient(clientId, epoch, 2)] },
    ]);
    const got = await publishes(client, 3);
    assert.deepEqual(
      got.map(({ topic, qos, retain, dup, payload }) => [topic, qos, retain, dup, payload.toString()]),
      [
        ['a/b', 0, false, false, 'hello'],
        ['a/b', 1, true, false, 'hello'],
        ['a/b', 2, false, false, 'hello'],
      ],
    );
    assert.deepEqual(got[0]?.properties?.subscriptionIdentifier, [3, 300]);
    assert.equal(got[0]?.properties?.contentType, 't');
    await fixture.reported(1, 10);
    const [, q1, q2] = got;
    client.send({ cmd: 'puback', messageId: q1?.messageId ?? 0 });
    client.send({ cmd: 'pubrec', messageId: q2?.messageId ?? 0 });
    assert.equal((await client.take('pubrel')).messageId, q2?.messageId);
    client.send({ cmd: 'pubcomp', messageId: q2?.messageId ?? 0 });
  });

  it('of 2,000 messages come once and in order, window by window', async () => {
    const [client, clientId, epoch] = await fixture.connect(5, { properties: { receiveMaximum: 10 } });
    using _client = client;
    const got: number[] = [];
    let most = 0;
    let open = 0;
    let sent = 0;
    for (let number = 1; number <= 40; number++) {
      fixture.send(
        number,
        1,
        Array.from({ length: 50 }, () => ({
          sequence: ++sent,
          message: { topic: 'n', payload: String(sent) },
          to: [recipient(clientId, epoch, 1)],
        })),
      );
      while (got.length < sent) {
        await until(() => client.received.length > 0, { intervalMs: 1 });
        for (const packet of client.received.splice(0)) {
          assert.ok(packet.cmd === 'publish');
          got.push(Number(packet.payload.toString()));
          most = Math.max(most, ++open);
          if (open < 10 && got.length < sent) continue;
          // Answer the whole window at once.
          const last = packet.messageId ?? 0;
          for (let id = last - open + 1; id <= last; id++) client.send({ cmd: 'puback', messageId: id });
          open = 0;
        }
      }
    }
    assert.deepEqual(
      got,
      Array.from({ length: 2_000 }, (_, n) => n + 1),
    );
    assert.equal(most, 10, 'never more in flight than the device takes');
    await fixture.reported(40, 1);
  });

  it('of another connection epoch are dropped', async () => {
    const [client, clientId, epoch] = await fixture.connect();
    using _client = client;
    const message = { topic: 'x', payload: 'old' };
    fixture.send(1, 1, [
      { sequence: 1, message, to: [recipient(clientId, epoch - 1, 1), recipient('nobody', 1, 1)] },
      { sequence: 2, message: { topic: 'x', payload: 'new' }, to: [recipient(clientId, epoch, 0)] },
    ]);
    assert.deepEqual(
      (await publishes(client, 1)).map(({ payload }) => payload.toString()),
      ['new'],
    );
  });

  it('expire on the way, and say how long is left', async () => {
    const [client, clientId, epoch] = await fixture.connect(5, { properties: { receiveMaximum: 1 } });
    using _client = client;
    const expiring = (seconds: number): Uint8Array =>
      encodePublishProperties({ messageExpiry: seconds, userProperties: [['k', 'v']] });
    const ago = Date.now() - 5_500;
    const to = [recipient(clientId, epoch, 1)];
    fixture.send(1, 1, [
      { sequence: 1, message: { topic: 'late', payload: '', properties: expiring(5), receivedMs: ago }, to },
      { sequence: 2, message: { topic: 'soon', payload: '', properties: expiring(60), receivedMs: ago }, to },
      { sequence: 3, message: { topic: 'waits', payload: '', properties: expiring(6), receivedMs: ago }, to },
      { sequence: 4, message: { topic: 'ever', payload: '' }, to },
    ]);
    const soon = await client.take('publish');
    assert.equal(soon.topic, 'soon');
    assert.equal(soon.properties?.messageExpiryInterval, 55);
    assert.deepEqual({ ...soon.properties?.userProperties }, { k: 'v' });
    await delay(800);
    client.send({ cmd: 'puback', messageId: soon.messageId ?? 0 });
    assert.equal((await client.take('publish')).topic, 'ever');
    assert.equal(await metric(fixture.node, 'tributary_ingress_delivery_drops_total', 'expired'), 2);
  });

  it('that a device cannot take are dropped for it alone: too large, too many', async () => {
    const [small, smallId, smallEpoch] = await fixture.connect(5, { properties: { maximumPacketSize: 100 } });
    const [slow, slowId, slowEpoch] = await fixture.connect(5, { properties: { receiveMaximum: 5 } });
    const [fast, fastId, fastEpoch] = await fixture.connect();
    using _small = small;
    using _slow = slow;
    using _fast = fast;
    fast.socket.on('data', () => {
      for (const packet of fast.received)
        if (packet.cmd === 'publish' && packet.qos === 1)
          fast.send({ cmd: 'puback', messageId: packet.messageId ?? 0 });
    });
    const to = [
      recipient(smallId, smallEpoch, 1),
      recipient(slowId, slowEpoch, 1),
      recipient(fastId, fastEpoch, 1),
    ];
    for (let number = 1; number <= 30; number++) {
      fixture.send(
        number,
        1,
        Array.from({ length: 10 }, (_, n) => ({
          sequence: number * 10 + n,
          message: { topic: 'big', payload: 'x'.repeat(200) },
          to,
        })),
      );
      await delay(5);
    }
    assert.equal((await publishes(fast, 300)).length, 300);
    assert.equal(small.received.length, 0);
    assert.equal(slow.received.length, 5);
    assert.equal(await metric(fixture.node, 'tributary_ingress_delivery_drops_total', 'too-large'), 300);
    assert.equal(await metric(fixture.node, 'tributary_ingress_delivery_drops_total', 'full'), 195);
    // What was kept comes as the device takes it.
    for (let n = 0; n < 105;) {
      await until(() => slow.received.length > 0);
      for (const packet of slow.received.splice(0)) {
        n++;
        slow.send({ cmd: 'puback', messageId: packet.messageId ?? 0 });
      }
    }
    await until(async () => (await metric(fixture.node, 'tributary_ingress_delivery_pending_bytes')) === 0);
  });

  it('at QoS 0 to a device that does not read are dropped beyond a bound, and memory stays bounded', async () => {
    const [deaf, deafId, deafEpoch] = await fixture.connect();
    using _deaf = deaf;
    deaf.socket.pause();
    for (let number = 1; number <= 200; number++) {
      fixture.send(number, 1, [
        {
          sequence: number,
          message: { topic: 'x', payload: Buffer.alloc(100_000) },
          to: [recipient(deafId, deafEpoch, 0)],
        },
      ]);
      await fixture.platform.nats.flush();
    }
    await until(
      async () => (await metric(fixture.node, 'tributary_ingress_delivery_drops_total', 'socket-busy')) > 0,
    );
    const pending = await metric(fixture.node, 'tributary_ingress_delivery_pending_bytes');
    assert.ok(pending <= 400_000, `${pending} bytes wait`);
    deaf.socket.resume();
    await until(async () => (await metric(fixture.node, 'tributary_ingress_delivery_pending_bytes')) === 0);
    const dropped = await metric(fixture.node, 'tributary_ingress_delivery_drops_total', 'socket-busy');
    await until(() => deaf.received.length + dropped === 200);
    console.log(
      `to a deaf device: 200 sent, ${deaf.received.length} arrived, ${dropped} dropped and counted`,
    );
  });
});

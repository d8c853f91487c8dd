import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { ISubscription } from 'mqtt-packet';
import { uniqueName, until, type Proc } from '@tributary/testing';
import { Platform } from '../platform.ts';
import { RawClient } from '../raw-client.ts';
import { SessionResponder } from '../session-responder.ts';

describe('subscribing', () => {
  let platform: Platform;
  let node: Proc;
  let session: SessionResponder;

  before(async () => {
    platform = await Platform.start();
    node = await platform.node({
      'service.instance': 'node-a',
      'mqtt.engine': 'aedes',
      'subscribe.timeoutMs': 2_000,
      'subscribe.refusedFilters': ['#', 'test/nosubscribe'],
    });
  });
  after(() => platform[Symbol.asyncDispose]());
  beforeEach(() => {
    session = new SessionResponder(platform.nats);
  });
  afterEach(() => session[Symbol.dispose]());

  function subscribe(client: RawClient, messageId: number, ...subscriptions: ISubscription[]): void {
    client.send({ cmd: 'subscribe', messageId, subscriptions });
  }

  it('asks session-state and passes its answer on', async () => {
    const clientId = uniqueName('sub');
    using client = await RawClient.connect(node, { clientId, protocolVersion: 5 });
    session.answer = () => ({ ok: true, reasons: [1, 0x87] });
    client.send({
      cmd: 'subscribe',
      messageId: 5,
      properties: { subscriptionIdentifier: 77 },
      subscriptions: [
        { topic: 'a/+', qos: 1, nl: true, rap: true, rh: 2 },
        { topic: 'secret', qos: 2, nl: false, rap: false, rh: 0 },
      ],
    });
    const suback = await client.take('suback');
    assert.deepEqual([suback.messageId, suback.granted], [5, [1, 0x87]]);
    const [command] = session.commands;
    assert.ok(command?.type === 'subscribe');
    assert.deepEqual([command.clientId, command.node], [clientId, 'node-a']);
    assert.ok(command.epoch > 0 && command.nodeEpoch > 0);
    const wanted = { noLocal: true, retainAsPublished: true, retainHandling: 2, subscriptionId: 77 };
    assert.deepEqual(command.subscriptions[0], { filter: 'a/+', qos: 1, ...wanted });
  });

  it('refuses shared filters in place with the aedes engine', async () => {
    using client = await RawClient.connect(node, { clientId: uniqueName('share'), protocolVersion: 5 });
    subscribe(client, 1, { topic: 'a', qos: 1 }, { topic: '$share/g/a', qos: 1 }, { topic: 'b', qos: 0 });
    assert.deepEqual((await client.take('suback')).granted, [1, 0x9e, 0]);
    using old = await RawClient.connect(node, { clientId: uniqueName('share') });
    subscribe(old, 2, { topic: '$share/g/a', qos: 1 });
    assert.deepEqual((await old.take('suback')).granted, [0x80]);
  });

  it('refuses the filters it was told to, as they stand', async () => {
    using client = await RawClient.connect(node, { clientId: uniqueName('refused'), protocolVersion: 5 });
    subscribe(
      client,
      1,
      { topic: '#', qos: 1 },
      { topic: 'test/nosubscribe', qos: 0 },
      { topic: 'test/+', qos: 1 },
    );
    assert.deepEqual((await client.take('suback')).granted, [0x80, 0x80, 1]);
    using old = await RawClient.connect(node, { clientId: uniqueName('refused') });
    subscribe(old, 2, { topic: '#', qos: 1 });
    assert.deepEqual((await old.take('suback')).granted, [0x80]);
  });

  it('keeps what a device sends after a SUBSCRIBE until it is answered, but not for long', async () => {
    using client = await RawClient.connect(node, { clientId: uniqueName('in-order') });
    session.answer = () => undefined;
    subscribe(client, 1, { topic: 'x', qos: 1 });
    client.publish('x', 'after', 1, 2);
    await delay(100);
    assert.deepEqual(client.received, []);
    await client.take('puback');
    assert.deepEqual(client.received, []);
  });

  it('does what one device asks in its order, and tells of its end', async () => {
    const clientId = uniqueName('order');
    using client = await RawClient.connect(node, { clientId });
    for (let n = 1; n <= 300; n++) {
      subscribe(client, n, { topic: `t/${n}`, qos: 1 });
      client.send({ cmd: 'unsubscribe', messageId: 1_000 + n, unsubscriptions: [`t/${n}`] });
    }
    await until(() => client.received.length === 600);
    client.send({ cmd: 'disconnect' });
    const commands = await until(() => {
      const own = session.commands.filter(
        (command) => 'clientId' in command && command.clientId === clientId,
      );
      return own.length === 601 && own;
    });
    assert.deepEqual(
      commands.map(({ type }) => type),
      [...Array.from({ length: 600 }, (_, n) => (n % 2 === 0 ? 'subscribe' : 'unsubscribe')), 'end'],
    );
  });

  it('says nothing of the end of a device that never subscribed', async () => {
    const clientId = uniqueName('silent');
    using client = await RawClient.connect(node, { clientId });
    client.send({ cmd: 'disconnect' });
    await client.untilClosed();
    using other = await RawClient.connect(node, { clientId: uniqueName('other') });
    subscribe(other, 1, { topic: 'x', qos: 0 });
    await other.take('suback');
    assert.ok(session.commands.every((command) => !('clientId' in command) || command.clientId !== clientId));
  });

  it('fails in bounded time while session-state is away, and publishing goes on meanwhile', async () => {
    session.answer = () => undefined;
    using v5 = await RawClient.connect(node, { clientId: uniqueName('away'), protocolVersion: 5 });
    using v4 = await RawClient.connect(node, { clientId: uniqueName('away') });
    const began = performance.now();
    subscribe(v5, 1, { topic: 'a', qos: 1 }, { topic: 'b', qos: 1 });
    subscribe(v4, 1, { topic: 'a', qos: 1 });
    v5.publish('still', 'here', 1, 2);
    v4.publish('still', 'here', 2, 2);
    await v5.take('puback', 500);
    await v4.take('pubrec', 500);
    assert.deepEqual((await v5.take('suback')).granted, [0x83, 0x83]);
    assert.deepEqual((await v4.take('suback')).granted, [0x80]);
    const ms = performance.now() - began;
    assert.ok(ms > 1_500 && ms < 3_500, `${ms} ms`);
    session.answer = () => ({ ok: false, code: 'unavailable', message: 'not yet' });
    setTimeout(() => (session.answer = () => ({ ok: true, reasons: [1] })), 500);
    subscribe(v5, 3, { topic: 'a', qos: 1 });
    assert.deepEqual((await v5.take('suback')).granted, [1], 'it was asked again');
  });

  it('fails in bounded time when nobody listens at all', async () => {
    session[Symbol.dispose]();
    using client = await RawClient.connect(node, { clientId: uniqueName('nobody'), protocolVersion: 5 });
    subscribe(client, 1, { topic: 'a', qos: 1 });
    client.send({ cmd: 'unsubscribe', messageId: 2, unsubscriptions: ['b'] });
    assert.deepEqual((await client.take('suback')).granted, [0x83]);
    assert.deepEqual((await client.take('unsuback')).granted, [0x83]);
  });
});

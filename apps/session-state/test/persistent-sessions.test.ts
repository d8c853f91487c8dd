import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { connectAsync, type IClientOptions, type IConnackPacket, type MqttClient } from 'mqtt';
import { until } from '@tributary/testing';
import type { Device } from './platform-fixture.ts';
import { startPlatform, type Platform } from './platform-fixture.ts';

const range = (count: number): string[] => Array.from({ length: count }, (_, n) => String(n));

describe('a session that outlives its connection', () => {
  let platform: Platform;
  let name = 0;
  before(async () => {
    platform = await startPlatform(2, 'native');
  });
  after(async () => {
    await platform[Symbol.asyncDispose]();
  });

  const lasting = (clientId: string): IClientOptions => ({
    clientId,
    clean: false,
    properties: { sessionExpiryInterval: 600 },
  });

  /** Connects and keeps what comes from the first packet on. */
  async function back(
    node: number,
    options: IClientOptions,
    prepare: (client: MqttClient) => void = () => {},
  ): Promise<{ device: Device; present: boolean }> {
    let connack: IConnackPacket | undefined;
    const device = await platform.client(node, options, (client) => {
      client.on('connect', (packet) => (connack = packet));
      prepare(client);
    });
    return { device, present: connack?.sessionPresent ?? false };
  }

  for (const protocolVersion of [4, 5] as const) {
    for (const qos of [1, 2] as const) {
      it(`gets what came while it was away, on another node, in order: version ${protocolVersion}, QoS ${qos}`, async () => {
        const options = { ...lasting(`away-${name++}`), protocolVersion };
        const first = await back(0, options);
        assert.equal(first.present, false);
        const topic = `away/${options.clientId}`;
        assert.deepEqual(await first.device.subscribe(topic, { qos: 2 }), [2]);
        const publisher = await platform.client(1);
        await publisher.publish(topic, 'live', qos);
        await first.device.has(1);
        await first.device.close();
        await Promise.all(range(300).map((n) => publisher.publish(topic, n, qos)));
        const second = await back(1, options);
        assert.equal(second.present, true);
        await second.device.has(300);
        await publisher.publish(topic, 'live again', qos);
        await second.device.has(301);
        await delay(100);
        assert.deepEqual(second.device.payloads(), [...range(300), 'live again']);
        assert.ok(second.device.received.every((message) => message.qos === qos));
        await second.device.close();
        const third = await back(0, options);
        assert.equal(third.present, true);
        await delay(200);
        assert.deepEqual(third.device.payloads(), []);
      });
    }
  }

  it('keeps its subscriptions, and loses them with a clean start', async () => {
    const options = lasting(`clean-${name++}`);
    const first = await back(0, options);
    await first.device.subscribe('clean/x', { qos: 1 });
    await first.device.close();
    const publisher = await platform.client(1);
    await publisher.publish('clean/x', 'kept', 1);
    const second = await back(1, { ...options, clean: true });
    assert.equal(second.present, false);
    await publisher.publish('clean/x', 'lost', 1);
    await delay(300);
    assert.deepEqual(second.device.payloads(), []);
  });

  it('ends when its time has come', async () => {
    const options = { ...lasting(`brief-${name++}`), properties: { sessionExpiryInterval: 1 } };
    const first = await back(0, options);
    await first.device.subscribe('brief/x', { qos: 1 });
    await first.device.close();
    await delay(2_500);
    assert.equal((await back(0, options)).present, false);
  });

  it('goes on when it is taken over from another node', async () => {
    const options = lasting(`over-${name++}`);
    const publisher = await platform.client(1);
    // A device remembers across its connections what it has received at QoS 2; two clients do not, so packets count here.
    const payloads: string[] = [];
    const keep = (client: MqttClient): void => {
      client.on('packetreceive', (packet) => {
        if (packet.cmd === 'publish') payloads.push(packet.payload.toString());
      });
    };
    const first = await back(0, options);
    keep(first.device.client);
    await first.device.subscribe('over/x', { qos: 2 });
    const sending = Promise.all(range(400).map((n) => publisher.publish('over/x', n, 2)));
    await first.device.has(50);
    const second = await back(1, options, keep);
    assert.equal(second.present, true);
    await sending;
    await until(() => new Set(payloads).size >= 400, { timeoutMs: 15_000, what: 'all messages' });
    await delay(300);
    assert.deepEqual([...new Set(payloads)].sort(), range(400).sort());
  });

  it('goes on while session-state is killed, each message once and in order', async () => {
    const options = lasting(`goes-on-${name++}`);
    const publisher = await platform.client(1);
    const { device } = await back(0, options);
    await device.subscribe('goes-on/x', { qos: 2 });
    const sending = Promise.all(range(400).map((n) => publisher.publish('goes-on/x', n, 2)));
    await device.has(50);
    await platform.session.restart('kill');
    await sending;
    await device.has(400, 30_000);
    await delay(300);
    assert.deepEqual(device.payloads(), range(400));
  });

  it('survives session-state', async () => {
    const options = lasting(`survives-${name++}`);
    const publisher = await platform.client(1);
    const first = await back(0, options);
    await first.device.subscribe('survives/x', { qos: 1 });
    await first.device.close();
    await Promise.all(range(100).map((n) => publisher.publish('survives/x', n, 1)));
    await platform.session.restart('kill');
    const second = await back(1, options);
    assert.equal(second.present, true);
    await second.device.has(100);
    await publisher.publish('survives/x', 'more', 1);
    await second.device.has(101);
    assert.deepEqual(second.device.payloads(), [...range(100), 'more']);
  });
});

describe('a shared subscription', () => {
  let platform: Platform;
  before(async () => {
    platform = await startPlatform(2, 'native');
  });
  after(async () => {
    await platform[Symbol.asyncDispose]();
  });

  it('gives each message to one of its members', async () => {
    const members = await Promise.all(range(3).map((n) => platform.client(Number(n) % 2)));
    for (const member of members) {
      assert.deepEqual(await member.subscribe('$share/group/jobs/#', { qos: 1 }), [1]);
    }
    const other = await platform.client(0);
    await other.subscribe('$share/other/jobs/#', { qos: 1 });
    const publisher = await platform.client(1);
    await Promise.all(range(300).map((n) => publisher.publish(`jobs/${n}`, n, 1)));
    await other.has(300);
    const count = (): number => members.reduce((sum, { received }) => sum + received.length, 0);
    await until(() => count() >= 300, { timeoutMs: 10_000, what: 'all jobs' });
    await delay(200);
    assert.deepEqual(members.flatMap((member) => member.payloads()).sort(), range(300).sort());
    for (const { received } of members) assert.ok(received.length > 50, `${received.length} of 300`);
  });

  it('gives what a lost member did not acknowledge to another', async () => {
    const holding = await connectAsync(platform.nodes[0]?.endpoint('mqtt') ?? '', {
      protocolVersion: 5,
      reconnectPeriod: 0,
      // It never acknowledges.
      customHandleAcks: () => {},
    });
    await holding.subscribeAsync('$share/lost/work', { qos: 1 });
    const publisher = await platform.client(1);
    await Promise.all(range(5).map((n) => publisher.publish('work', n, 1)));
    await delay(200);
    const steady = await platform.client(1);
    await steady.subscribe('$share/lost/work', { qos: 1 });
    holding.stream.destroy();
    await steady.has(5);
    assert.deepEqual(steady.payloads().sort(), range(5));
    await holding.endAsync(true);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { IConnackPacket, IConnectPacket } from 'mqtt-packet';
import { RowKind } from '@tributary/contracts';
import { Proc, until } from '@tributary/testing';
import { Platform } from '../platform.ts';
import { publishPacket, RawClient } from '../raw-client.ts';

const LEASE_MS = 2_000;

/** Two nodes and the real session-state. */
class WholePlatform extends AsyncDisposableStack {
  readonly platform: Platform;
  readonly session: Proc;
  readonly nodes: readonly [Proc, Proc];

  private constructor(platform: Platform, session: Proc, nodes: [Proc, Proc]) {
    super();
    this.platform = platform;
    this.session = session;
    this.nodes = nodes;
    this.use(platform);
    this.use(session);
  }

  static async start(settings: Record<string, string | number> = {}): Promise<WholePlatform> {
    const platform = await Platform.start();
    const session = await Proc.start('session-state', {
      settings: {
        'nats.servers': [platform.server.url],
        'log.partitions': platform.partitions,
        'log.maxBytes': 512 * 1024 * 1024,
        'lease.ttlMs': LEASE_MS,
      },
    });
    const node = (instance: string): Promise<Proc> =>
      platform.node({
        ...{ 'service.instance': instance, 'lease.ttlMs': LEASE_MS, 'mqtt.engine': 'native' },
        ...settings,
      });
    return new WholePlatform(platform, session, [await node('first'), await node('second')]);
  }
}

async function connect(
  node: Proc,
  options: Partial<IConnectPacket>,
): Promise<{ client: RawClient; connack: IConnackPacket }> {
  const client = new RawClient(node, 5);
  client.sendConnect({
    ...{ clean: false, protocolVersion: 5, properties: { sessionExpiryInterval: 600 } },
    ...options,
  });
  return { client, connack: await client.take('connack', 10_000) };
}

async function subscribe(client: RawClient, topic: string, qos: 0 | 1 | 2): Promise<void> {
  client.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic, qos }] });
  assert.deepEqual((await client.take('suback', 15_000)).granted, [qos]);
}

/** What came, by kind, id, DUP flag and payload. */
const seen = (client: RawClient): unknown[] =>
  client.received.map((packet) =>
    packet.cmd === 'publish'
      ? [packet.messageId, packet.dup, packet.payload.toString()]
      : [packet.cmd, packet.messageId],
  );

describe('a session whose node dies', () => {
  it('goes on with every flow, both ways, on another node', async () => {
    await using whole = await WholePlatform.start();
    const [first, second] = whole.nodes;
    const { client } = await connect(first, { clientId: 'device' });
    await subscribe(client, 'to/device', 2);
    using watcher = (await connect(second, { clientId: 'watcher' })).client;
    await subscribe(watcher, 'from/device', 2);
    for (const [id, qos] of [1, 2, 2, 1].entries()) {
      watcher.publish('to/device', `m${id + 1}`, qos as 1 | 2, 10 + id);
    }
    await until(() => client.received.length === 4);
    assert.deepEqual(seen(client), [
      [1, false, 'm1'],
      [2, false, 'm2'],
      [3, false, 'm3'],
      [4, false, 'm4'],
    ]);
    client.received.splice(0);
    // 1 is done; of 2 the PUBREC is recorded; 3 and 4 are in flight. One PUBLISH of its own awaits its PUBREL.
    client.send({ cmd: 'puback', messageId: 1 });
    client.send({ cmd: 'pubrec', messageId: 2 });
    await client.take('pubrel');
    client.publish('from/device', 'once', 2, 77);
    await client.take('pubrec');
    await first.kill();
    watcher.publish('to/device', 'm5', 1, 20);

    const back = await connect(second, { clientId: 'device' });
    using again = back.client;
    assert.equal(back.connack.sessionPresent, true);
    await until(() => again.received.length === 4, { timeoutMs: 10_000 });
    assert.deepEqual(seen(again), [
      ['pubrel', 2],
      [3, true, 'm3'],
      [4, true, 'm4'],
      // It was sent to the dead node, and may have arrived for all that session-state knows.
      [5, true, 'm5'],
    ]);
    again.received.splice(0);
    again.sendAll([
      { cmd: 'pubcomp', messageId: 2 },
      { cmd: 'pubrec', messageId: 3 },
      { cmd: 'puback', messageId: 4 },
      { cmd: 'puback', messageId: 5 },
      publishPacket('from/device', 'once', 2, 77, { dup: true }),
    ]);
    assert.equal((await again.take('pubrel')).messageId, 3);
    assert.equal((await again.take('pubrec')).messageId, 77);
    again.sendAll([
      { cmd: 'pubcomp', messageId: 3 },
      { cmd: 'pubrel', messageId: 77 },
    ]);
    await again.take('pubcomp');
    await delay(200);
    const once = watcher.received.filter((packet) => packet.cmd === 'publish');
    assert.equal(once.length, 1);
    const rows = (await whole.platform.rows()).filter(({ row }) => row.clientId === 'device');
    assert.deepEqual(
      rows.map(({ row }) => [row.kind, row.packetId]),
      [
        [RowKind.publish, 77],
        [RowKind.release, 77],
      ],
    );
    // Nothing is left of any flow.
    again.send({ cmd: 'disconnect' });
    await again.untilClosed();
    const last = await connect(second, { clientId: 'device' });
    assert.equal(last.connack.sessionPresent, true);
    await delay(300);
    assert.deepEqual(seen(last.client), []);
    last.client[Symbol.dispose]();
  });

  it('has its will published once, by whoever comes first', async () => {
    await using whole = await WholePlatform.start();
    const [first, second] = whole.nodes;
    const will = { topic: 'gone', payload: Buffer.from('bye'), qos: 1 as const, retain: false };
    await connect(first, { clientId: 'returns', will });
    await connect(first, { clientId: 'stays away', will });
    await connect(first, {
      clientId: 'returns in time',
      will: { ...will, properties: { willDelayInterval: 60 } },
    });
    await first.kill();
    const [back] = await Promise.all([
      connect(second, { clientId: 'returns' }),
      connect(second, { clientId: 'returns in time' }),
    ]);
    assert.equal(back.connack.sessionPresent, true);
    const wills = async (): Promise<string[]> =>
      (await whole.platform.rows())
        .filter(({ row }) => row.kind === RowKind.will)
        .map(({ row }) => row.clientId);
    assert.deepEqual(await wills(), ['returns'], 'before CONNACK');
    await until(async () => (await wills()).includes('stays away'), { timeoutMs: 25_000, intervalMs: 200 });
    assert.deepEqual((await wills()).sort(), ['returns', 'stays away']);
  });
});

describe('a session while session-state hangs', () => {
  it('is not lost by a CONNECT that is refused, and gets all that came', async () => {
    await using whole = await WholePlatform.start({ 'connect.timeoutMs': 1_000 });
    const [first, second] = whole.nodes;
    const { client } = await connect(first, { clientId: 'device' });
    await subscribe(client, 'to/device', 1);
    client.send({ cmd: 'disconnect' });
    await client.untilClosed();
    using publisher = await RawClient.connect(second, { clientId: 'publisher' });
    publisher.publish('to/device', 'm1', 1, 1);
    await publisher.take('puback');
    whole.session.pause();
    const refused = await connect(second, { clientId: 'device' });
    assert.equal(refused.connack.reasonCode, 0x88);
    publisher.publish('to/device', 'm2', 1, 2);
    await publisher.take('puback');
    whole.session.resume();
    const back = await until(
      async () => {
        const attempt = await connect(first, { clientId: 'device' });
        if (attempt.connack.reasonCode === 0) return attempt;
        attempt.client[Symbol.dispose]();
        return false;
      },
      { timeoutMs: 20_000 },
    );
    using again = back.client;
    assert.equal(back.connack.sessionPresent, true);
    await until(() => again.received.length === 2, { timeoutMs: 10_000 });
    assert.deepEqual(
      again.received.map((packet) => packet.cmd === 'publish' && packet.payload.toString()),
      ['m1', 'm2'],
    );
  });
});

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { jetstreamManager } from '@nats-io/jetstream';
import { setTimeout as delay } from 'node:timers/promises';
import { Envelope, streamNames } from '@tributary/contracts';
import { connectNats, StreamReader } from '@tributary/log';
import { until } from '@tributary/testing';
import { startPlatform, type Device, type Platform } from '../platform-fixture.ts';

/** The last payload of each topic. */
function newest({ received }: Device): Map<string, string> {
  return new Map(received.map(({ topic, payload }) => [topic, payload]));
}

describe('$SYS topics', () => {
  let platform: Platform;
  before(async () => {
    platform = await startPlatform(2, 'native', { 'sys.intervalSeconds': 1 });
  });
  after(() => platform[Symbol.asyncDispose]());

  it('tell how the whole platform does, and each node, as they change', async () => {
    const watcher = await platform.client(0);
    await watcher.subscribe('$SYS/#', { qos: 2 });
    const value = (topic: string): string | undefined => newest(watcher).get(`$SYS/${topic}`);
    const device = await platform.client(1);
    await device.subscribe('some/+', { qos: 1 });
    await device.publish('some/thing', 'x'.repeat(100), 1, true);
    await device.has(1);
    await until(
      () => value('broker/clients/connected') === '2' && value('broker/publish/messages/received') === '1',
      {
        what: `both clients and their message are told: ${JSON.stringify([...newest(watcher)])}`,
      },
    );
    await until(
      () => value('broker/retained messages/count') === '1' && value('broker/subscriptions/count') === '2',
    );
    await until(() => value('brokers/node-1/publish/messages/received') === '1');
    assert.match(value('broker/version') ?? '', /^tributary version \d+\.\d+/);
    assert.match(value('broker/uptime') ?? '', /^\d+ seconds$/);
    assert.equal(value('brokers/node-0/clients/connected'), '1');
    assert.equal(value('broker/clients/total'), '2');
    assert.ok(Number(value('broker/publish/bytes/received')) >= 100);
    assert.ok(Number(value('broker/messages/received')) > Number(value('broker/publish/messages/received')));
    assert.ok(Number(value('broker/bytes/sent')) > 0);
    await until(() => Number(value('broker/load/publish/received/1min')) > 0);
    assert.ok(
      Number(value('broker/load/publish/received/1min')) >
        Number(value('broker/load/publish/received/15min')),
    );
    assert.ok(watcher.received.every(({ qos }) => qos === 0));
    await device.close();
    await until(() => value('broker/clients/connected') === '1' && value('broker/clients/maximum') === '2');
  });

  it('are retained: a new subscription has them at once, and # does not match them', async () => {
    const before = await platform.client(0);
    await before.subscribe('$SYS/broker/version', { qos: 0 });
    await before.has(1);
    assert.equal(before.received[0]?.retain, true);
    const all = await platform.client(0);
    await all.subscribe(['#', '+/broker/version'], { qos: 0 });
    await delay(1_500);
    assert.deepEqual(
      all.received.filter(({ topic }) => topic.startsWith('$')),
      [],
    );
  });

  it('come once to overlapping subscriptions, as retained only to who asks for it', async () => {
    const plain = await platform.client(0);
    await plain.subscribe('$SYS/broker/uptime', { qos: 0, rh: 2 });
    await plain.subscribe('$SYS/broker/+', { qos: 0, rh: 2 });
    const asking = await platform.client(1);
    await asking.subscribe('$SYS/broker/uptime', { qos: 0, rh: 2, rap: true });
    const uptimes = (device: Device): string[] =>
      device.received.filter(({ topic }) => topic.endsWith('uptime')).map(({ payload }) => payload);
    await until(() => uptimes(plain).length >= 3 && uptimes(asking).length >= 3);
    assert.equal(new Set(uptimes(plain)).size, uptimes(plain).length);
    assert.ok(plain.received.every(({ retain }) => !retain));
    assert.ok(asking.received.every(({ retain }) => retain));
  });

  it('are sent only when they change', async () => {
    const watcher = await platform.client(1);
    await watcher.subscribe(['$SYS/broker/version', '$SYS/brokers/+/version', '$SYS/broker/uptime'], {
      qos: 0,
    });
    await until(() => watcher.received.filter(({ topic }) => topic.endsWith('uptime')).length >= 4);
    assert.equal(watcher.received.filter(({ topic }) => topic.endsWith('version')).length, 3);
  });

  it('are not in the log', async () => {
    const nats = await connectNats({ servers: [platform.nats.url], name: 'test' });
    const manager = await jetstreamManager(nats);
    const topics: string[] = [];
    for (let partition = 0; partition < 4; partition++) {
      const stream = streamNames.log(1, partition);
      const { state } = await manager.streams.info(stream);
      if (state.last_seq === 0) continue;
      const ended = new AbortController();
      using reader = await StreamReader.open(nats, {
        stream,
        from: Math.max(state.first_seq, 1),
        signal: ended.signal,
      });
      while (reader.position <= state.last_seq) {
        for (const { data } of await reader.take(1024 * 1024, 5_000)) {
          for (const row of Envelope.open(data)) topics.push(row.topic);
        }
      }
      ended.abort();
    }
    await nats.close();
    assert.deepEqual(topics, ['some/thing']);
  });

  it('of a node that is gone go with it', async () => {
    await platform.nodes[1]?.kill();
    const watcher = await platform.client(0);
    await until(async () => {
      await watcher.client.unsubscribeAsync('$SYS/brokers/node-1/#');
      watcher.received.length = 0;
      await watcher.subscribe('$SYS/brokers/node-1/#', { qos: 0 });
      await delay(300);
      return watcher.received.length === 0;
    });
  });
});

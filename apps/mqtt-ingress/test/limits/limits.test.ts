import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Packet } from 'mqtt-packet';
import { uniqueName, until, type Proc } from '@tributary/testing';
import { metric, Platform } from '../platform.ts';
import { publishPacket, RawClient } from '../raw-client.ts';

const limited = (node: Proc, limit: string): Promise<number> =>
  metric(node, 'tributary_ingress_limited_total', `limit="${limit}"`);

const RATE = 100;
const RUN_PACKETS = 64;

for (const engine of ['aedes', 'native']) {
  describe(`limits of a node, engine ${engine}`, () => {
    let platform: Platform;

    before(async () => {
      platform = await Platform.start();
    });
    after(() => platform[Symbol.asyncDispose]());

    const start = (settings: Record<string, number>): Promise<Proc> =>
      platform.node({ 'mqtt.engine': engine, 'lease.ttlMs': 60_000, ...settings });

    /** The reason code of a CONNACK. */
    async function connack(node: Proc, version: 4 | 5, localAddress = '127.0.0.1'): Promise<number> {
      using client = new RawClient(node, version, { localAddress });
      client.sendConnect({ clientId: uniqueName('c') });
      const { reasonCode, returnCode } = await client.take('connack');
      return reasonCode ?? returnCode ?? 0;
    }

    it('CONNECTs beyond the rate are refused with 0x9F, and get in later', async () => {
      const node = await start({ 'limits.connectsPerSecond': 5 });
      const codes: number[] = [];
      for (let n = 0; n < 8; n++) codes.push(await connack(node, 5));
      assert.deepEqual(codes.slice(0, 5), [0, 0, 0, 0, 0]);
      assert.ok(codes.includes(0x9f), codes.join());
      const refused = codes.filter((code) => code !== 0).length;
      assert.equal(await limited(node, 'connects-per-second'), refused);
      assert.equal(await metric(node, 'tributary_ingress_connects_refused_total'), refused);
      await delay(1_100);
      assert.equal(await connack(node, 5), 0);
      for (let n = 0; n < 4; n++) await connack(node, 5);
      const old = [await connack(node, 4), await connack(node, 4), await connack(node, 4)];
      assert.ok(old.includes(3), `MQTT 3.1.1 is told "server unavailable": ${old.join()}`);
    });

    it('one address cannot take the rate or the unfinished connections of others', async () => {
      const node = await start({
        'limits.connectsPerSecondPerAddress': 2,
        'limits.unfinishedPerAddress': 2,
        'limits.handshakeMs': 60_000,
      });
      const codes: number[] = [];
      for (let n = 0; n < 5; n++) codes.push(await connack(node, 5, '127.0.0.2'));
      assert.ok(codes.includes(0x9f), codes.join());
      assert.equal(await connack(node, 5), 0);
      const open = Array.from({ length: 5 }, () => new RawClient(node, 4, { localAddress: '127.0.0.3' }));
      await until(() => open.filter(({ closed }) => closed).length === 3);
      assert.deepEqual(
        open.map(({ closed }) => closed),
        [true, true, true, false, false],
        'the oldest gave way',
      );
      assert.equal(await limited(node, 'unfinished-per-address'), 3);
      for (const client of open) client[Symbol.dispose]();
    });

    it('what is beyond a limit is answered in the words of MQTT, and counted', async () => {
      const node = await start({
        'limits.packetBytes': 2_000,
        'limits.topicBytes': 20,
        'limits.topicLevels': 3,
        'limits.filtersPerPacket': 2,
        'limits.topicAliases': 3,
      });
      const filters = (...topics: string[]): Packet => ({
        cmd: 'subscribe',
        messageId: 1,
        subscriptions: topics.map((topic) => ({ topic, qos: 0 as const })),
      });
      const cases: [limit: string, reason: number, packet: Packet][] = [
        ['packet-bytes', 0x95, publishPacket('a', Buffer.alloc(2_000), 1, 1)],
        ['topic-bytes', 0x90, publishPacket('x'.repeat(21), 'p', 1, 1)],
        ['topic-levels', 0x90, publishPacket('a/b/c/d', 'p', 0, 0)],
        ['topic-bytes', 0x8f, filters('x'.repeat(21))],
        ['topic-levels', 0x8f, filters('a/b/c/#')],
        ['filters-per-packet', 0x97, filters('a', 'b', 'c')],
      ];
      for (const [limit, reason, packet] of cases) {
        const before = await limited(node, limit);
        using client = await RawClient.connect(node, { protocolVersion: 5, clientId: uniqueName('c') });
        client.send(packet);
        assert.equal((await client.take('disconnect')).reasonCode, reason, limit);
        await client.untilClosed();
        using old = await RawClient.connect(node, { clientId: uniqueName('c') });
        old.send(packet);
        await old.untilClosed();
        assert.deepEqual(old.received, []);
        assert.equal(await limited(node, limit), before + 2, limit);
      }
      using client = new RawClient(node, 5);
      client.sendConnect({ clientId: uniqueName('c') });
      const { properties } = await client.take('connack');
      assert.equal(properties?.topicAliasMaximum, 3);
      assert.equal(properties?.maximumPacketSize, 2_000);
    });

    it('a client that floods pings is slowed, then sent away with 0x96; one that does not is served', async () => {
      const node = await start({ 'limits.controlPacketsPerSecond': 10, 'limits.floodSeconds': 1 });
      using calm = await RawClient.connect(node, { clientId: uniqueName('calm') });
      using client = await RawClient.connect(node, { protocolVersion: 5, clientId: uniqueName('flood') });
      client.sendAll(Array.from({ length: 1_000 }, (): Packet => ({ cmd: 'pingreq' })));
      assert.equal((await client.take('disconnect', 15_000)).reasonCode, 0x96);
      calm.send({ cmd: 'pingreq' });
      await calm.take('pingresp');
      assert.equal(await limited(node, 'flood'), 1);
      assert.ok((await limited(node, 'control-packets')) > 0);
    });

    // Three seconds' worth: of each of two clients, or of both together.
    for (const [limit, setting, size, total, atOnce] of [
      ['publishes-per-second', 'limits.publishesPerSecond', 1, 300, 1],
      ['publish-bytes-per-second', 'limits.publishBytesPerSecond', 1_000, 300, 1],
      ['node-publishes-per-second', 'limits.nodePublishesPerSecond', 1, 150, 2],
      ['node-publish-bytes-per-second', 'limits.nodePublishBytesPerSecond', 1_000, 150, 2],
    ] as const) {
      it(`${limit}: the sender waits, and nothing is lost`, async () => {
        const node = await start({ [setting]: RATE * size });
        const took = async (): Promise<number> => {
          using client = await RawClient.connect(node, { clientId: uniqueName('fast') });
          const began = performance.now();
          const payload = Buffer.alloc(size - 1);
          client.sendAll(Array.from({ length: total }, (_, n) => publishPacket('r', payload, 1, n + 1)));
          await until(() => client.received.length === total, {
            what: 'all are acknowledged',
            intervalMs: 5,
          });
          assert.ok(client.received.every(({ cmd }) => cmd === 'puback'));
          return performance.now() - began;
        };
        const slowest = Math.max(...(await Promise.all([took(), took()])));
        // A second's worth at once, and of each client a run of packets that was cut already.
        const least = ((total * atOnce - RATE - RUN_PACKETS * atOnce) / RATE) * 1_000;
        assert.ok(slowest > least * 0.95, `${slowest} ms, at least ${least}`);
        assert.ok((await limited(node, limit)) > 0);
      });
    }

    it('nothing is held back where no rate is set', async () => {
      const node = await start({});
      using client = await RawClient.connect(node, { clientId: uniqueName('free') });
      client.sendAll(Array.from({ length: 900 }, (_, n) => publishPacket('r', 'x', 1, n + 1)));
      await until(() => client.received.length === 900, { what: 'all are acknowledged' });
      assert.equal(await metric(node, 'tributary_ingress_limited_total'), 0);
    });
  });
}

import assert from 'node:assert/strict';
import { engineTest } from '../support/engine-fixture.ts';
import * as p from '../support/packets.ts';
import type { EngineLimit, EngineOptions } from '../../src/mod.ts';

interface Excess {
  limit: EngineLimit;
  options: Partial<EngineOptions>;
  /** The packet beyond the limit; `version` 5 gets a DISCONNECT with this reason, 3.1.1 is closed. */
  packet: (version: 4 | 5) => Buffer;
  reason: string;
}

const block = (version: 4 | 5): Buffer | undefined => (version === 5 ? p.properties() : undefined);

const excesses: Excess[] = [
  {
    limit: 'packet-bytes',
    options: { maxPacketBytes: 1_000 },
    packet: (version) => p.publish({ version, payload: Buffer.alloc(1_000) }),
    reason: '95',
  },
  {
    limit: 'topic-bytes',
    options: { maxTopicBytes: 10 },
    packet: (version) => p.publish({ version, qos: 1, topic: 'a'.repeat(11) }),
    reason: '90',
  },
  {
    limit: 'topic-bytes',
    options: { maxTopicBytes: 10 },
    packet: (version) => p.subscribe(1, [['a'.repeat(11), 0]], block(version)),
    reason: '8f',
  },
  {
    limit: 'topic-levels',
    options: { maxTopicLevels: 3 },
    packet: (version) => p.publish({ version, topic: 'a/b/c/d' }),
    reason: '90',
  },
  {
    limit: 'topic-levels',
    options: { maxTopicLevels: 3 },
    packet: (version) => p.unsubscribe(1, ['a/b/c/#'], block(version)),
    reason: '8f',
  },
  {
    limit: 'filters-per-packet',
    options: { maxFilters: 2 },
    packet: (version) =>
      p.subscribe(
        1,
        ['a', 'b', 'c'].map((filter) => [filter, 0]),
        block(version),
      ),
    reason: '97',
  },
  {
    limit: 'incomplete-bytes',
    options: { maxIncompleteBytes: 65_536 },
    packet: (version) => p.publish({ version, payload: Buffer.alloc(300_000) }).subarray(0, 200_000),
    reason: '97',
  },
];

for (const { limit, options, packet, reason } of excesses) {
  for (const version of [4, 5] as const) {
    engineTest(`${limit} exceeded, version ${version}: ${reason}`, async (start) => {
      await using fixture = await start(options);
      const { host, engine } = fixture;
      const client = await fixture.client({ version });
      client.send(packet(version));
      if (version === 5) assert.match(await client.nextHex(), new RegExp(`^e0 ${reason}`));
      assert.equal(await client.nextHex(), 'closed');
      assert.equal(engine.counters.limits[limit], 1);
      assert.equal(engine.counters.protocolErrors, 0);
      await host.until(() => host.closures.length === 1, 'closure');
      assert.deepEqual([host.publishes.length, host.subscribes.length], [0, 0]);
      assert.equal(host.closures[0]?.willDue, true);
    });
  }
}

for (const [limit, topic] of [
  ['topic-levels', 'a/b/c/d'],
  ['topic-bytes', 'a'.repeat(11)],
] as const) {
  engineTest(`a will beyond ${limit} is refused with its CONNECT`, async (start) => {
    await using fixture = await start({ maxTopicLevels: 3, maxTopicBytes: 10 });
    const will = [p.properties(), p.string(topic), p.string('gone')];
    const client = await fixture.client();
    client.send(p.connect({ version: 5, flags: 0x04, payload: will }));
    const [connack, end] = await client.hexes(2);
    assert.deepEqual([connack?.slice(0, 7), end], ['20 0090', 'closed']);
    assert.equal(fixture.engine.counters.limits[limit], 1);
    const old = await fixture.client();
    old.send(p.connect({ flags: 0x04, payload: will.slice(1) }));
    assert.equal(await old.nextHex(), 'closed');
    assert.deepEqual(fixture.host.connects, []);
  });
}

for (const { name, flood } of [
  { name: 'PINGREQ', flood: () => p.pingreq },
  { name: 'SUBSCRIBE', flood: () => p.subscribe(1, [['a', 0]], p.properties()) },
  { name: 'PUBREL of nothing', flood: () => p.pubrel(7) },
]) {
  engineTest(`a flood of ${name} is slowed, then sent away with 0x96`, async (start) => {
    await using fixture = await start({ maxControlPackets: 20, floodPatienceMs: 1_000 });
    const { host, engine } = fixture;
    const client = await fixture.client({ version: 5 });
    const began = performance.now();
    client.send(...Array.from({ length: 2_000 }, flood));
    await host.until(() => host.closures.length === 1, 'closure');
    const ms = performance.now() - began;
    // The wheel's clock ticks every half second.
    assert.ok(ms > 500, `after ${ms} ms`);
    const { limits, packetsReceived } = engine.counters;
    assert.ok(limits['control-packets'] > 0);
    assert.equal(limits.flood, 1);
    // A burst of 200, a run, and at most 20 a second.
    assert.ok(packetsReceived < 500, `${packetsReceived} taken`);
    await client.closed;
    const last = client.received.at(-1);
    assert.equal(`${last?.first.toString(16)} ${last?.body.toString('hex', 0, 1)}`, 'e0 96');
  });
}

engineTest(
  'who is slowed but stops in time loses nothing, and is not blamed for its silence',
  async (start) => {
    await using fixture = await start({ maxControlPackets: 20, floodPatienceMs: 60_000 });
    const { host } = fixture;
    const client = await fixture.client({ keepAlive: 1 });
    client.send(...Array.from({ length: 260 }, () => p.pingreq), p.publish({ topic: 'behind' }));
    await host.until(() => host.publishes.length === 1, 'the PUBLISH behind');
    assert.deepEqual(await client.hexes(260), Array<string>(260).fill('d0'));
    assert.deepEqual(host.closures, []);
    client.destroy();
  },
);

engineTest('acknowledgements of what was sent are no flood', async (start) => {
  await using fixture = await start({ maxControlPackets: 1, floodPatienceMs: 1 });
  const { host, engine } = fixture;
  const client = await fixture.client({});
  for (let id = 1; id <= 100; id++) {
    for (const qos of [1, 2] as const) {
      host.connections[0]?.deliver({
        topic: 't',
        payload: Buffer.alloc(0),
        qos,
        retain: false,
        dup: false,
        packetId: id * 2 + qos,
        properties: Buffer.alloc(0),
        subscriptionIdentifiers: [],
      });
    }
    client.send(p.puback(id * 2 + 1), p.pubrec(id * 2 + 2), p.publish({ qos: 2, id }));
  }
  await host.until(() => host.acknowledgements.length === 200, 'acknowledgements');
  for (let id = 1; id <= 100; id++) client.send(p.pubcomp(id * 2 + 2), p.pubrel(id));
  await host.until(() => host.acknowledgements.length === 300 && host.releases.length === 100, 'all');
  assert.equal(engine.counters.limits['control-packets'], 0);
  client.destroy();
});

engineTest('a CONNECT that the host turns away on arrival is told so and costs it nothing', async (start) => {
  await using fixture = await start();
  const { host, engine } = fixture;
  Object.assign(host, { arrived: () => 0x9f });
  const modern = await fixture.client();
  modern.send(p.connect({ version: 5 }), p.publish({ version: 5, topic: 'secret' }));
  assert.deepEqual(await modern.hexes(2), ['20 009f00', 'closed']);
  const old = await fixture.client();
  assert.deepEqual(await old.send(p.connect()).hexes(2), ['20 0003', 'closed']);
  assert.deepEqual(host.events, []);
  assert.equal(engine.counters.connections, 0);
  assert.equal(engine.handshakes.size, 0);
});

engineTest('an unfinished stream gives way to a newer one, which can connect', async (start) => {
  await using fixture = await start({ maxUnfinished: 3, maxUnfinishedPerAddress: 3 });
  const silent = await fixture.client();
  const slow = await fixture.client();
  slow.send(p.connect().subarray(0, 5));
  for (let n = 0; n < 3; n++) {
    const client = await fixture.client({ clientId: `good-${n}` });
    assert.equal(await client.send(p.pingreq).nextHex(), 'd0');
    client.destroy();
  }
  const more = [await fixture.client(), await fixture.client()];
  assert.equal(await silent.nextHex(), 'closed');
  assert.equal(fixture.engine.counters.limits['unfinished-per-address'], 1);
  assert.equal(fixture.host.closures.filter(({ kind }) => kind !== 'lost').length, 0);
  for (const client of [slow, ...more]) client.destroy();
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineFixture, engineTest } from '../support/engine-fixture.ts';
import * as p from '../support/packets.ts';

engineTest(
  'SUBACK and UNSUBACK leave when the host says so, with its codes, and hold up nothing',
  async (start) => {
    await using fixture = await start();
    const { host } = fixture;
    host.answering = false;
    const client = await fixture.client({ version: 5 });
    client.send(
      p.subscribe(
        7,
        [
          ['a/+', 0x2e],
          ['b', 0],
          ['b', 1],
        ],
        p.properties([0x0b, 0xac, 2]),
      ),
      p.unsubscribe(8, ['x', 'x', 'y'], p.properties()),
      p.publish({ version: 5, qos: 1, id: 1 }),
      p.pingreq,
    );
    await host.until(() => host.publishes.length === 1, 'publish');
    assert.deepEqual(host.subscribes, [
      {
        packetId: 7,
        subscriptionIdentifier: 300,
        subscriptions: [
          { filter: 'a/+', qos: 2, noLocal: true, retainAsPublished: true, retainHandling: 2 },
          { filter: 'b', qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 },
          { filter: 'b', qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 },
        ],
      },
    ]);
    assert.deepEqual(host.unsubscribes, [{ packetId: 8, filters: ['x', 'x', 'y'] }]);
    assert.equal(await client.nextHex(), 'd0');
    assert.deepEqual(client.received, []);
    const [connection] = host.connections;
    connection?.unsubscribed(8, [0, 0x11, 0x87]);
    connection?.subscribed(7, [2, 0x83, 1]);
    // SUBACK goes ahead of what else leaves in its turn.
    assert.deepEqual(await client.hexes(2), ['90 000700028301', 'b0 000800001187']);
    client.destroy();
  },
);

engineTest('MQTT 3.1.1 hears every failure as 0x80, and nothing about UNSUBSCRIBE', async (start) => {
  await using fixture = await start();
  const { host } = fixture;
  host.answering = false;
  const client = await fixture.client({});
  client.send(
    p.subscribe(1, [
      ['a', 1],
      ['__proto__/x', 2],
    ]),
    p.unsubscribe(2, ['a', 'toString']),
  );
  await host.until(() => host.unsubscribes.length === 1, 'unsubscribe');
  host.connections[0]?.subscribed(1, [1, 0x97]);
  host.connections[0]?.unsubscribed(2, [0, 0x11]);
  assert.deepEqual(await client.hexes(2), ['90 00010180', 'b0 0002']);
  client.destroy();
});

engineTest(
  'shared filters reach the host, and CONNACK denies nothing',
  async (start) => {
    await using fixture = await start();
    for (const version of [3, 4, 5] as const) {
      const client = await fixture.client();
      const connack = await client.send(p.connect({ version })).next();
      assert.equal(connack?.body.includes(0x2a), false);
      const filters: [string, number][] = [
        ['a', 0],
        ['$share/g/a/+', 1],
        ['$share/other/#', 2],
      ];
      client.send(p.subscribe(1, filters, version === 5 ? p.properties() : undefined));
      assert.equal(await client.nextHex(), version === 5 ? '90 000100000102' : '90 0001000102');
      assert.deepEqual(
        fixture.host.subscribes.at(-1)?.subscriptions.map(({ filter, qos }) => [filter, qos]),
        filters,
      );
      client.destroy();
    }
  },
  { exception: 'shared-subscriptions' },
);

engineTest('No Local on a shared filter is a protocol error [MQTT-3.8.3-4]', async (start) => {
  await using fixture = await start();
  const client = await fixture.client({ version: 5 });
  assert.match(await client.send(p.subscribe(1, [['$share/g/a', 4]], p.properties())).nextHex(), /^e0 82/);
  assert.equal(await client.nextHex(), 'closed');
  assert.deepEqual(fixture.host.subscribes, []);
});

test('many subscriptions and cancellations leave nothing behind in aedes', async () => {
  await using fixture = await EngineFixture.start('aedes');
  const { host } = fixture;
  const client = await fixture.client({});
  for (let round = 1; round <= 500; round++) {
    client.send(p.subscribe(round, [[`a/${round}`, 1]]), p.unsubscribe(round, [`a/${round}`]));
  }
  assert.equal((await client.hexes(1000)).length, 1000);
  assert.equal(host.unsubscribes.length, 500);
  client.destroy();
});

engineTest('a filter that is not valid ends the connection', async (start) => {
  await using fixture = await start();
  const old = await fixture.client({});
  assert.equal(await old.send(p.subscribe(1, [['a#', 0]])).nextHex(), 'closed');
  const modern = await fixture.client({ version: 5 });
  assert.match(await modern.send(p.subscribe(1, [['a/#/b', 0]], p.properties())).nextHex(), /^e0 8f/);
  assert.deepEqual(fixture.host.subscribes, []);
});

engineTest('SUBACK leaves before what the subscription brings in the same turn', async (start) => {
  await using fixture = await start();
  const { host } = fixture;
  host.answering = false;
  const client = await fixture.client({});
  client.send(p.subscribe(1, [['kept/#', 1]]));
  await host.until(() => host.subscribes.length === 1, 'subscribe');
  const [connection] = host.connections;
  const publish = { topic: 'kept/a', payload: Buffer.from('x'), qos: 0, retain: true, dup: false } as const;
  connection?.deliver({ ...publish, packetId: 0, properties: Buffer.alloc(0), subscriptionIdentifiers: [] });
  connection?.subscribed(1, [1]);
  assert.deepEqual(await client.hexes(2), ['90 000101', '31 00066b6570742f6178']);
  client.destroy();
});

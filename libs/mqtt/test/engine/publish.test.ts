import assert from 'node:assert/strict';
import { decodePublishProperties } from '@tributary/contracts';
import mqtt from 'mqtt';
import { AckQueue } from '../../src/mod.ts';
import { engineTest } from '../support/engine-fixture.ts';
import * as p from '../support/packets.ts';

engineTest('nothing is acknowledged before the host acknowledges', async (start) => {
  await using fixture = await start();
  const { host } = fixture;
  host.answering = false;
  const client = await fixture.client({});
  client.send(
    p.publish({ qos: 1, id: 1 }),
    p.publish({ qos: 2, id: 2 }),
    p.publish({ qos: 1, id: 3 }),
    p.pingreq,
  );
  assert.equal(await client.nextHex(), 'd0', 'reading goes on');
  await host.until(() => host.publishes.length === 3, 'publishes');
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.deepEqual(client.received, []);
  const [connection] = host.connections;
  connection?.acknowledge(1, 1, 0);
  connection?.acknowledge(2, 2, 0);
  connection?.acknowledge(3, 1, 0);
  assert.deepEqual(await client.hexes(3), ['40 0001', '50 0002', '40 0003']);
  client.send(p.pubrel(2), p.pingreq);
  assert.equal(await client.nextHex(), 'd0', 'a PUBREL that waits holds up nothing');
  await host.until(() => host.releases.length === 1, 'release');
  assert.deepEqual(client.received, []);
  connection?.complete(2, 0);
  assert.equal(await client.nextHex(), '70 0002');
  client.destroy();
});

engineTest('acknowledgements leave in order although their work completes in any order', async (start) => {
  await using fixture = await start();
  const { host } = fixture;
  host.answering = false;
  const order: (() => void)[] = [];
  const queue = new AckQueue<() => void>((answer) => answer());
  host.onPublish = ({ connection, packetId, qos }) => {
    const place = queue.open();
    order.push(() => queue.settle(place, () => connection.acknowledge(packetId, qos === 1 ? 1 : 2, 0)));
  };
  const client = await fixture.client({});
  const ids = Array.from({ length: 200 }, (_, index) => index + 1);
  client.send(...ids.map((id) => p.publish({ qos: 1 + (id % 2), id })));
  await host.until(() => order.length === ids.length, 'publishes');
  for (let left = order.length; left > 0; left--) {
    const [complete] = order.splice(Math.floor(Math.random() * left), 1);
    complete?.();
    if (left % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  const answers = await client.hexes(ids.length);
  assert.deepEqual(
    answers,
    ids.map((id) => `${id % 2 === 0 ? '40' : '50'} ${p.u16(id).toString('hex')}`),
  );
  client.destroy();
});

engineTest('reasons: MQTT 5 hears them, MQTT 3.1.1 has none', async (start) => {
  await using fixture = await start();
  const { host } = fixture;
  host.answering = false;
  host.onPublish = ({ connection, packetId, qos }) =>
    connection.acknowledge(packetId, qos === 1 ? 1 : 2, packetId === 1 ? 0x10 : 0x97);
  for (const [version, expected] of [
    [4, ['40 0001', '40 0002', '50 0003']],
    [5, ['40 000110', '40 000297', '50 000397']],
  ] as const) {
    const client = await fixture.client({ version });
    client.send(
      p.publish({ version, qos: 1, id: 1 }),
      p.publish({ version, qos: 1, id: 2 }),
      p.publish({ version, qos: 2, id: 3 }),
    );
    assert.deepEqual(await client.hexes(3), expected);
    client.destroy();
  }
  const client = await fixture.client({ version: 5 });
  client.send(p.pubrel(9));
  await host.until(() => host.releases.length === 1, 'release');
  host.connections.at(-1)?.complete(9, 0x92);
  assert.equal(await client.nextHex(), '70 000992');
  client.destroy();
});

engineTest('topic, payload, flags and raw properties reach the host', async (start) => {
  await using fixture = await start();
  const { host } = fixture;
  const client = await fixture.client({ version: 5 });
  const block = Buffer.concat([
    Buffer.from([2, 0, 0, 0, 9]),
    p.userProperty('10', 'first'),
    p.userProperty('b', ''),
    p.userProperty('1', 'third'),
    p.userProperty('b', 'again'),
    p.userProperty('__proto__', 'x'),
    Buffer.from([1, 0]),
  ]);
  client.send(
    p.publish({
      version: 5,
      topic: 'ä/1',
      qos: 1,
      id: 65535,
      retain: true,
      dup: true,
      properties: p.properties(block),
      payload: 'x',
    }),
    p.publish({ version: 5, topic: 'a/2', payload: Buffer.alloc(200_000, 7) }),
    p.publish({ version: 5, topic: 'a/3', payload: '' }),
  );
  await host.until(() => host.publishes.length === 3, 'publishes');
  const [first, second, third] = host.publishes;
  assert.deepEqual(
    [first?.topic, first?.qos, first?.packetId, first?.retain, first?.dup],
    ['ä/1', 1, 65535, true, true],
  );
  assert.deepEqual(Buffer.from(first?.properties ?? []), block);
  assert.deepEqual(decodePublishProperties(first?.properties ?? Buffer.alloc(0)), {
    messageExpiry: 9,
    payloadFormat: 0,
    userProperties: [
      ['10', 'first'],
      ['b', ''],
      ['1', 'third'],
      ['b', 'again'],
      ['__proto__', 'x'],
    ],
  });
  assert.deepEqual(Buffer.from(second?.payload ?? []), Buffer.alloc(200_000, 7));
  assert.deepEqual([second?.packetId, second?.properties.length], [0, 0]);
  assert.equal(third?.payload.length, 0);
  client.destroy();
});

engineTest('topic aliases are resolved and taken out of the properties', async (start) => {
  await using fixture = await start();
  const { host } = fixture;
  const client = await fixture.client({ version: 5 });
  const alias = [0x23, 0, 2];
  client.send(
    p.publish({
      version: 5,
      topic: 'long/topic',
      properties: p.properties([1, 1], alias, p.userProperty('a', 'b')),
    }),
    p.publish({ version: 5, topic: '', properties: p.properties(alias) }),
    p.publish({ version: 5, topic: 'other', properties: p.properties(alias, [1, 0]) }),
    p.publish({ version: 5, topic: '', properties: p.properties([1, 1], alias) }),
  );
  await host.until(() => host.publishes.length === 4, 'publishes');
  assert.deepEqual(
    host.publishes.map(({ topic, properties }) =>
      `${topic} ${Buffer.from(properties).toString('hex')}`.trim(),
    ),
    ['long/topic 0101260001610001 62'.replace(' 62', '62'), 'long/topic', 'other 0100', 'other 0101'],
  );
  client.send(p.publish({ version: 5, topic: '', properties: p.properties([0x23, 0, 3]) }));
  assert.match(await client.nextHex(), /^e0 94/, 'an alias that was never set');
  assert.equal(await client.nextHex(), 'closed');
});

engineTest('a client beyond the announced Receive Maximum is cut off', async (start) => {
  await using fixture = await start({ receiveMaximum: 3 });
  const { host } = fixture;
  host.answering = false;
  const client = await fixture.client({ version: 5 });
  const publish = (id: number, qos: number): Buffer => p.publish({ version: 5, qos, id });
  client.send(publish(1, 1), publish(2, 2), publish(3, 1));
  await host.until(() => host.publishes.length === 3, 'publishes');
  const [connection] = host.connections;
  connection?.acknowledge(1, 1, 0);
  connection?.acknowledge(2, 2, 0);
  assert.deepEqual(await client.hexes(2), ['40 0001', '50 0002']);
  client.send(publish(4, 1));
  await host.until(() => host.publishes.length === 4, 'publishes');
  client.send(publish(5, 1));
  assert.match(await client.nextHex(), /^e0 93/);
  assert.equal(await client.nextHex(), 'closed');
  assert.equal(host.publishes.length, 4, 'PUBREC alone frees no place');
});

engineTest('MQTT.js streams 3,000 messages of each QoS, in order', async (start) => {
  await using fixture = await start();
  const { host } = fixture;
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${fixture.port}`, {
    protocolVersion: 5,
    reconnectPeriod: 0,
  });
  const all: Promise<unknown>[] = [];
  for (let index = 0; index < 3000; index++) {
    for (const qos of [0, 1, 2] as const) all.push(client.publishAsync(`q/${qos}`, `${index}`, { qos }));
  }
  await Promise.all(all);
  await client.endAsync();
  for (const qos of [0, 1, 2]) {
    const seen = host.publishes.filter(({ topic }) => topic === `q/${qos}`);
    assert.deepEqual(
      seen.map(({ payload }) => Number(Buffer.from(payload).toString())),
      Array.from({ length: 3000 }, (_, index) => index),
    );
  }
});

engineTest('packets in segments of 1 to 7 bytes', async (start) => {
  await using fixture = await start();
  const { host } = fixture;
  for (const version of [3, 4, 5] as const) {
    host.publishes.length = 0;
    const client = await fixture.client();
    const bytes = Buffer.concat([
      p.connect({ version }),
      ...Array.from({ length: 30 }, (_, index) =>
        p.publish({
          version,
          topic: `t/${index}`,
          qos: index % 3,
          id: index + 1,
          payload: 'x'.repeat(index * 5),
        }),
      ),
      p.pingreq,
    ]);
    for (let at = 0, size = 1; at < bytes.length; at += size, size = 1 + ((at * 31) % 7)) {
      client.send(bytes.subarray(at, at + size));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await host.until(() => host.publishes.length === 30, 'publishes');
    const answers = await client.hexes(1 + 20 + 1);
    assert.match(answers[0] ?? '', /^20 0000/);
    assert.ok(answers.includes('d0'));
    assert.deepEqual(
      host.publishes.map(({ topic, payload }) => [topic, payload.length]),
      Array.from({ length: 30 }, (_, index) => [`t/${index}`, index * 5]),
    );
    client.destroy();
  }
});

engineTest('a bad packet: those before it count, MQTT 5 is told why, MQTT 3.1.1 is closed', async (start) => {
  await using fixture = await start();
  const { host } = fixture;
  const old = await fixture.client({});
  old.send(p.publish({ qos: 1, id: 1 }), p.publish({ topic: 'a/#' }), p.publish({ qos: 1, id: 2 }));
  assert.deepEqual(await old.hexes(2), ['40 0001', 'closed']);
  const modern = await fixture.client({ version: 5 });
  modern.send(p.publish({ version: 5, qos: 1, id: 1 }), p.publish({ version: 5, topic: 'a/#' }));
  assert.equal(await modern.nextHex(), '40 0001');
  const disconnect = await modern.next();
  assert.deepEqual([disconnect?.first, disconnect?.body[0]], [0xe0, 0x90]);
  assert.match(disconnect?.body.toString() ?? '', /wildcard \[MQTT-3\.3\.2-2\]/);
  assert.equal(await modern.nextHex(), 'closed');
  await host.until(() => host.closures.length === 2, 'closures');
  assert.equal(fixture.engine.counters.protocolErrors, 2);
  assert.equal(host.publishes.length, 2);
});

engineTest('a throwing host costs the one connection and is reported', async (start) => {
  await using fixture = await start();
  const { host } = fixture;
  host.onPublish = ({ topic }) => {
    if (topic === 'bad') throw new Error('host bug');
  };
  const client = await fixture.client({ version: 5 });
  const other = await fixture.client({ clientId: 'other' });
  client.send(p.publish({ version: 5, topic: 'bad' }));
  assert.match(await client.nextHex(), /^e0 80/);
  assert.match(String(fixture.errors[0]), /host bug/);
  assert.equal(fixture.engine.counters.internalErrors, 1);
  assert.equal(await other.send(p.pingreq).nextHex(), 'd0');
  other.destroy();
});

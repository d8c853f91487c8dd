import assert from 'node:assert/strict';
import { engineTest } from '../support/engine-fixture.ts';
import * as p from '../support/packets.ts';
import type { RawClient } from '../support/raw-client.ts';

/** A property block with a reason string, as hex. */
const said = (text: string): string =>
  p.properties(Buffer.concat([Buffer.from([0x1f]), p.string(text)])).toString('hex');

const noProblems = [0x17, 0];
const atMost = (bytes: number): number[] => [0x27, ...p.u32(bytes)];

/** Properties of CONNECT, and the answers to a PUBLISH at QoS 1, one at QoS 2, SUBSCRIBE and UNSUBSCRIBE that fail. */
const answers: [name: string, properties: number[], answers: string[]][] = [
  [
    'a client that says nothing of it',
    [],
    [`40 000187${said('why 1')}`, `50 000287${said('why 2')}`, `90 0003${said('why 3')}87`, `b0 0004${said('why 4')}87`],
  ],
  ['a client that wants none [MQTT-3.1.2-29]', noProblems, ['40 000187', '50 000287', '90 00030087', 'b0 00040087']],
  ['a client of small packets', atMost(13), ['40 000187', '50 000287', '90 00030087', 'b0 00040087']],
  [
    'a client of packets just large enough [MQTT-3.1.2-24]',
    atMost(14),
    [`40 000187${said('why 1')}`, `50 000287${said('why 2')}`, `90 0003${said('why 3')}87`, `b0 0004${said('why 4')}87`],
  ],
]; // prettier-ignore

for (const [name, properties, expected] of answers) {
  engineTest(`reason strings: ${name}`, async (start) => {
    await using fixture = await start();
    const { host } = fixture;
    host.answering = false;
    host.onPublish = ({ connection, packetId, qos }) =>
      connection.acknowledge(packetId, qos === 1 ? 1 : 2, 0x87, `why ${packetId}`);
    const client = await fixture.client({ version: 5, properties: p.properties(properties) });
    client.send(p.publish({ version: 5, qos: 1, id: 1 }), p.publish({ version: 5, qos: 2, id: 2 }));
    assert.deepEqual(await client.hexes(2), expected.slice(0, 2));
    client.send(p.subscribe(3, [['a', 0]], p.properties()), p.unsubscribe(4, ['a'], p.properties()));
    await host.until(() => host.unsubscribes.length === 1, 'unsubscribe');
    host.connections[0]?.subscribed(3, [0x87], 'why 3');
    host.connections[0]?.unsubscribed(4, [0x87], 'why 4');
    assert.deepEqual(await client.hexes(2), expected.slice(2));
    client.destroy();
  });
}

engineTest('MQTT 3.1.1 has no place for a reason string', async (start) => {
  await using fixture = await start();
  const { host } = fixture;
  host.answering = false;
  const client = await fixture.client({});
  client.send(p.publish({ qos: 1 }), p.subscribe(2, [['a', 0]]), p.unsubscribe(3, ['a']));
  await host.until(() => host.unsubscribes.length === 1, 'unsubscribe');
  const [connection] = host.connections;
  connection?.acknowledge(1, 1, 0x87, 'why');
  connection?.subscribed(2, [0x87], 'why');
  connection?.unsubscribed(3, [0x87], 'why');
  assert.deepEqual(await client.hexes(3), ['40 0001', '90 000280', 'b0 0003']);
  client.destroy();
});

engineTest('acknowledgements with and without a reason string keep their order', async (start) => {
  await using fixture = await start();
  const { host } = fixture;
  host.answering = false;
  host.onPublish = ({ connection, packetId }) => {
    if (packetId % 3 === 0) connection.acknowledge(packetId, 1, 0x97, `why ${packetId}`);
    else connection.acknowledge(packetId, 1, packetId % 2 === 0 ? 0x10 : 0);
  };
  const client = await fixture.client({ version: 5 });
  const ids = Array.from({ length: 300 }, (_, index) => index + 1);
  client.send(...ids.map((id) => p.publish({ version: 5, qos: 1, id })));
  const packets = await client.hexes(ids.length);
  assert.deepEqual(
    packets,
    ids.map((id) => {
      const packetId = p.u16(id).toString('hex');
      if (id % 3 === 0) return `40 ${packetId}97${said(`why ${id}`)}`;
      return `40 ${packetId}${id % 2 === 0 ? '10' : ''}`;
    }),
  );
  client.destroy();
});

engineTest('a connection that ends says its last explained acknowledgement first', async (start) => {
  await using fixture = await start();
  const { host } = fixture;
  host.answering = false;
  host.onPublish = ({ connection, packetId }) => {
    connection.acknowledge(packetId, 1, 0x97, 'full');
    connection.disconnect(0x97, 'too much');
  };
  const client = await fixture.client({ version: 5 });
  client.send(p.publish({ version: 5, qos: 1, id: 1 }));
  assert.deepEqual(await client.hexes(3), [`40 000197${said('full')}`, `e0 97${said('too much')}`, 'closed']);
});

engineTest(
  'DISCONNECT and CONNACK say why even to a client that wants no problem information',
  async (start) => {
    await using fixture = await start();
    const { host } = fixture;
    const client = await fixture.client({ version: 5, properties: p.properties(noProblems) });
    assert.equal(await client.send(p.pingreq).nextHex(), 'd0');
    host.connections[0]?.disconnect(0x98, 'an operator');
    assert.equal(await client.nextHex(), `e0 98${said('an operator')}`);
    host.verdict = () => Promise.resolve({ accept: false, reason: 0x87, detail: 'not you' });
    const refused = await fixture.client();
    refused.send(p.connect({ version: 5, properties: p.properties(noProblems) }));
    assert.equal(await refused.nextHex(), `20 0087${said('not you')}`);
  },
);

engineTest(
  'an answer that would exceed the Maximum Packet Size is not sent; the connection ends',
  async (start) => {
    await using fixture = await start();
    const client = await fixture.client();
    // CONNACK of aedes is longer than that: see the exceptions.
    client.send(p.connect({ version: 5, properties: p.properties(atMost(20)) }));
    assert.match(await client.nextHex(), /^20 0000/);
    const filters = Array.from({ length: 16 }, (_, index): [string, number] => [`a/${index}`, 0]);
    client.send(p.subscribe(1, filters, p.properties()));
    assert.deepEqual(await client.hexes(2), ['e0 95', 'closed']);
  },
);

engineTest(
  'CONNACK that would exceed the Maximum Packet Size becomes a refusal',
  async (start) => {
    await using fixture = await start();
    const client = await fixture.client();
    client.send(p.connect({ version: 5, properties: p.properties(atMost(8)) }));
    assert.deepEqual(await client.hexes(2), ['20 009500', 'closed']);
    assert.equal(fixture.host.closures[0]?.willDue, false);
  },
  { exception: 'connack-size' },
);

/** What a client of MQTT 5 does, and the code of the DISCONNECT it gets (3.14.2.1). */
const disconnects: [name: string, act: (client: RawClient) => void, reason: number][] = [
  ['a packet that is malformed', (c) => c.send(p.publish({ version: 5, topic: Buffer.from([0xff]) })), 0x81],
  ['a packet out of place', (c) => c.send(p.connect({ version: 5 })), 0x82],
  ['silence', () => {}, 0x8d],
  ['a topic filter that is none', (c) => c.send(p.subscribe(1, [['a#', 0]], p.properties())), 0x8f],
  ['a topic name with a wildcard', (c) => c.send(p.publish({ version: 5, topic: '#' })), 0x90],
  ['more than Receive Maximum', (c) => c.send(p.publish({ version: 5, qos: 1, id: 1 }), p.publish({ version: 5, qos: 1, id: 2 }), p.publish({ version: 5, qos: 2, id: 3 })), 0x93],
  ['Topic Alias 0', (c) => c.send(p.publish({ version: 5, properties: p.properties([0x23, 0, 0]) })), 0x94],
  ['Topic Alias above the maximum', (c) => c.send(p.publish({ version: 5, properties: p.properties([0x23, 0, 9]) })), 0x94],
  ['Topic Alias without a meaning', (c) => c.send(p.publish({ version: 5, topic: '', properties: p.properties([0x23, 0, 1]) })), 0x94],
  ['a packet larger than the server takes', (c) => c.send(p.publish({ version: 5, payload: Buffer.alloc(1000) })), 0x95],
]; // prettier-ignore

for (const [name, act, reason] of disconnects) {
  engineTest(`DISCONNECT 0x${reason.toString(16)}: ${name}`, async (start, engine) => {
    await using fixture = await start({ receiveMaximum: 2, maxPacketBytes: 500 });
    fixture.host.answering = false;
    const client = await fixture.client({ version: 5, keepAlive: reason === 0x8d ? 1 : 60 });
    act(client);
    const disconnect = await client.next();
    assert.deepEqual([disconnect?.first, disconnect?.body[0]], [0xe0, reason]);
    // The one that aedes finds by itself it does not explain.
    const found = engine === 'aedes' && name === 'Topic Alias without a meaning';
    assert.equal(disconnect?.body[2], found ? undefined : 0x1f, 'a reason string');
    assert.equal(await client.nextHex(), 'closed');
    const how = fixture.host.closures[0];
    assert.deepEqual([how?.reason, how?.willDue], [found ? 0x82 : reason, true]);
  });
}

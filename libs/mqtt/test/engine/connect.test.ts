import assert from 'node:assert/strict';
import mqtt from 'mqtt';
import { engineTest } from '../support/engine-fixture.ts';
import * as p from '../support/packets.ts';

const versions = [
  { protocolVersion: 3, protocolId: 'MQIsdp' },
  { protocolVersion: 4, protocolId: 'MQTT' },
  { protocolVersion: 5, protocolId: 'MQTT' },
] as const;

for (const version of versions) {
  engineTest(
    `MQTT.js connects, publishes and leaves with protocol version ${version.protocolVersion}`,
    async (start) => {
      await using fixture = await start();
      const { host } = fixture;
      const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${fixture.port}`, {
        ...version,
        clientId: 'device-1',
        username: 'user',
        password: 'secret',
        keepalive: 30,
        reconnectPeriod: 0,
        will: { topic: 'will/topic', payload: Buffer.from('gone'), qos: 1, retain: true },
      });
      for (const qos of [0, 1, 2] as const)
        await client.publishAsync(`t/${qos}`, `p${qos}`, { qos, retain: qos === 1 });
      assert.deepEqual(await client.subscribeAsync({ 'a/+': { qos: 1 } }).then(([first]) => first?.qos), 1);
      await client.unsubscribeAsync('a/+');
      await client.endAsync();
      await host.until(() => host.closures.length === 1, 'closure');

      const [request] = host.connects;
      assert.equal(request?.clientId, 'device-1');
      assert.equal(request.protocolVersion, version.protocolVersion);
      assert.equal(request.username, 'user');
      assert.equal(Buffer.from(request.password ?? []).toString(), 'secret');
      assert.equal(request.keepAlive, 30);
      assert.equal(request.cleanStart, true);
      assert.equal(request.sessionExpiry, 0);
      assert.equal(request.will?.topic, 'will/topic');
      assert.equal(Buffer.from(request.will.payload).toString(), 'gone');
      assert.deepEqual([request.will.qos, request.will.retain], [1, true]);
      assert.deepEqual(
        host.publishes.map(({ topic, qos, retain, payload }) => [
          topic,
          qos,
          retain,
          Buffer.from(payload).toString(),
        ]),
        [
          ['t/0', 0, false, 'p0'],
          ['t/1', 1, true, 'p1'],
          ['t/2', 2, false, 'p2'],
        ],
      );
      assert.deepEqual(host.closures, [
        { kind: 'clean', reason: 0, detail: 'success', willDue: false, sessionExpiry: undefined },
      ]);
      assert.deepEqual(fixture.errors, []);
      assert.equal(fixture.engine.counters.connections, 0);
      assert.equal(fixture.engine.handshakes.size, 0);
    },
  );
}

engineTest('an empty client identifier of MQTT 5 is assigned and announced', async (start) => {
  await using fixture = await start();
  const client = await fixture.client();
  const connack = await client.send(p.connect({ version: 5, clientId: '' })).next();
  const [request] = fixture.host.connects;
  assert.ok(request?.clientIdAssigned);
  assert.ok(connack?.body.includes(Buffer.concat([Buffer.from([0x12]), p.string(request.clientId)])));
  assert.equal(fixture.host.connections[0]?.clientId, request.clientId);
  client.destroy();
});

engineTest(
  'a client of MQTT 3.1.1 without an identifier gets one that no other node gives',
  async (start) => {
    const given = new Set<string | undefined>();
    for (let node = 0; node < 2; node++) {
      await using fixture = await start();
      const client = await fixture.client();
      await client.send(p.connect({ clientId: '' })).next();
      const [request] = fixture.host.connects;
      assert.ok(request?.clientIdAssigned);
      assert.match(request.clientId, /^auto_[0-9a-f-]{36}$/);
      given.add(request.clientId);
      client.destroy();
    }
    assert.equal(given.size, 2);
  },
);

engineTest('everything a CONNECT of MQTT 5 says reaches the host', async (start) => {
  await using fixture = await start();
  const client = await fixture.client();
  const connect = p.connect({
    version: 5,
    clean: false,
    keepAlive: 0,
    properties: p.properties(
      [0x11, 0, 0, 0, 9, 0x21, 0, 5, 0x27, 0, 0, 1, 0, 0x22, 0, 3, 0x17, 0],
      p.userProperty('b', '1'),
      p.userProperty('a', ''),
    ),
    flags: 4 | 0x10,
    payload: [
      p.properties([0x18, 0, 0, 0, 7], [0x01, 1], p.userProperty('z', '1')),
      p.string('will'),
      p.string('gone'),
    ],
  });
  assert.match(await client.send(connect).nextHex(), /^20 0000/);
  const { will, ...request } = fixture.host.connects[0]!;
  assert.deepEqual(request, {
    clientId: 'device',
    clientIdAssigned: false,
    protocolVersion: 5,
    cleanStart: false,
    keepAlive: 0,
    username: undefined,
    password: undefined,
    sessionExpiry: 9,
    receiveMaximum: 5,
    maximumPacketSize: 256,
    topicAliasMaximum: 3,
    requestProblemInformation: false,
    requestResponseInformation: false,
    authentication: undefined,
    userProperties: [
      ['b', '1'],
      ['a', ''],
    ],
  });
  assert.equal(will?.delay, 7);
  assert.equal(will.qos, 2);
  assert.deepEqual(
    Buffer.from(will.properties),
    Buffer.concat([Buffer.from([1, 1]), p.userProperty('z', '1')]),
  );
  client.destroy();
});

engineTest('a client that goes while the host decides is closed once', async (start) => {
  await using fixture = await start();
  const { host } = fixture;
  let accept = (): void => {};
  host.verdict = () => new Promise((resolve) => (accept = () => resolve({ accept: true })));
  const client = await fixture.client();
  client.send(p.connect());
  await host.until(() => host.connects.length === 1, 'connect');
  client.destroy();
  await host.until(() => host.closures.length === 1, 'closure');
  accept();
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(host.closures.length, 1);
  assert.deepEqual([host.closures[0]?.kind, host.closures[0]?.willDue], ['lost', false]);
});

engineTest('deliveries made while the host decides leave after CONNACK', async (start) => {
  await using fixture = await start();
  fixture.host.verdict = (_request, connection) => {
    connection.deliver({
      topic: 'early',
      payload: Buffer.from('x'),
      qos: 0,
      retain: false,
      dup: false,
      packetId: 0,
      properties: Buffer.alloc(0),
      subscriptionIdentifiers: [],
    });
    return Promise.resolve({ accept: true });
  };
  const client = await fixture.client();
  assert.deepEqual(await client.send(p.connect()).hexes(2), ['20 0000', '30 00056561726c7978']);
  client.destroy();
});

engineTest('no CONNECT in time, or only half of one: closed without a word', async (start) => {
  await using fixture = await start({ connectTimeoutMs: 200 });
  const silent = await fixture.client();
  const slow = await fixture.client();
  slow.send(p.connect().subarray(0, 5));
  assert.equal(fixture.engine.handshakes.size <= 2, true);
  assert.equal(await silent.nextHex(), 'closed');
  assert.equal(await slow.nextHex(), 'closed');
  assert.equal(fixture.engine.counters.connectTimeouts, 2);
  assert.equal(fixture.engine.handshakes.size, 0);
  assert.deepEqual(fixture.host.closures, [], 'the host never heard of them');
});

engineTest('a second CONNECT ends the connection', async (start) => {
  await using fixture = await start();
  const { host } = fixture;
  const old = await fixture.client({});
  assert.equal(await old.send(p.connect()).nextHex(), 'closed');
  const modern = await fixture.client({ version: 5 });
  assert.match(await modern.send(p.connect({ version: 5 })).nextHex(), /^e0 82/);
  assert.equal(await modern.nextHex(), 'closed');
  assert.deepEqual(
    host.closures.map(({ kind, willDue }) => [kind, willDue]),
    [
      ['protocol-error', true],
      ['protocol-error', true],
    ],
  );
});

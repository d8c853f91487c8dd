import assert from 'node:assert/strict';
import fc from 'fast-check';
import mqtt from 'mqtt';
import { MqttError } from '../../src/mod.ts';
import { engineTest } from '../support/engine-fixture.ts';
import * as p from '../support/packets.ts';
import type { RawClient } from '../support/raw-client.ts';
import { authHex, connectByToy, useToy } from '../support/toy-authentication.ts';

const exception = 'enhanced-authentication';

engineTest(
  'an exchange of several steps, then CONNACK with the method and the last word',
  async (start) => {
    await using fixture = await start();
    useToy(fixture);
    const client = await fixture.client();
    // In single bytes, so that every step waits for a whole packet.
    for (const byte of connectByToy('hi')) client.send(Buffer.from([byte]));
    assert.equal(await client.nextHex(), authHex('f0', 0x18, 'who?'));
    assert.equal(fixture.engine.handshakes.size, 1, 'it waits for the client');
    client.send(p.auth(0x18, 'TOY', 'me'));
    assert.equal(await client.nextHex(), authHex('f0', 0x18, 'me, prove it'));
    client.send(p.auth(0x18, 'TOY', 'proof'), p.publish({ version: 5, qos: 1, id: 7 }));
    const connack = await client.next();
    assert.equal(connack?.first, 0x20);
    assert.ok(connack.body.includes(p.authenticationBlock('TOY', 'welcome').subarray(1)));
    assert.equal(await client.nextHex(), '40 0007');
    assert.equal(fixture.engine.handshakes.size, 0);
    assert.deepEqual(fixture.errors, []);
    client.destroy();
  },
  { exception },
);

engineTest(
  'accepted without a question: CONNACK has the method and no data [MQTT-4.12.0-5]',
  async (start) => {
    await using fixture = await start();
    const client = await fixture.client();
    fixture.host.verdict = () => Promise.resolve({ accept: true });
    const connack = await client.send(connectByToy()).next();
    assert.ok(connack?.body.includes(p.authenticationBlock('TOY').subarray(1)));
    assert.equal(connack?.body.includes(0x16), false);
    client.destroy();
    const plain = await fixture.client();
    const answer = await plain.send(p.connect({ version: 5 })).next();
    assert.equal(answer?.body.includes(0x15), false, 'none for a client without [MQTT-4.12.0-6]');
    plain.destroy();
  },
  { exception },
);

/** What a client sends in place of the answer to its challenge, and the CONNACK. */
const wrong: [name: string, packet: Buffer, answer: RegExp][] = [
  ['a wrong answer', p.auth(0x18, 'TOY', 'fake'), /^f0 18/],
  ['another method', p.auth(0x18, 'OTHER', 'me'), /^20 0082.*CONNECT/],
  ['a beginning', p.auth(0x19, 'TOY', 'hi'), /^20 0082.*waits for/],
  ['PUBLISH', p.publish({ version: 5 }), /^20 0082.*before CONNACK/],
  ['PUBLISH at QoS 1', p.publish({ version: 5, qos: 1 }), /^20 0082/],
  ['SUBSCRIBE', p.subscribe(1, [['a', 0]], p.properties()), /^20 0082/],
  ['PINGREQ', p.pingreq, /^20 0082/],
  ['CONNECT', connectByToy('hi'), /^20 0082/],
  ['AUTH without a method', p.packet(0xf0, Buffer.from([0x18, 0])), /^20 0082/],
  ['AUTH that is broken', p.packet(0xf0, Buffer.from([0x18, 9])), /^20 0081/],
];

engineTest(
  'in place of an answer nothing else is taken [MQTT-3.1.2-30]',
  async (start) => {
    await using fixture = await start();
    useToy(fixture);
    const { host } = fixture;
    for (const [name, packet, answer] of wrong) {
      const client = await fixture.client();
      assert.match(await client.send(connectByToy('hi')).nextHex(), /^f0 18/);
      const received = await client.send(packet).next();
      const body = received?.body ?? Buffer.alloc(0);
      const hex = `${received?.first.toString(16)} ${body.toString('hex')} ${body.toString('latin1')}`;
      assert.match(hex, answer, name);
      if (received?.first === 0x20) assert.equal(await client.nextHex(), 'closed', name);
      client.destroy();
    }
    await host.until(() => host.closures.length === wrong.length, 'closures');
    assert.ok(host.closures.every(({ willDue }) => !willDue));
    assert.deepEqual([host.publishes.length, host.subscribes.length], [0, 0]);
    assert.equal(fixture.engine.handshakes.size, 0);
    assert.deepEqual(fixture.errors, [], 'an exchange that ends in the middle is no error of the host');
  },
  { exception },
);

engineTest(
  'a client that leaves in the middle has its exchange ended',
  async (start) => {
    await using fixture = await start();
    const { host } = fixture;
    const ends: unknown[] = [];
    host.verdict = async ({ authentication }) => {
      await authentication?.challenge(Buffer.alloc(0)).catch((error: unknown) => {
        ends.push(error);
        throw error;
      });
      return { accept: true };
    };
    for (const leave of [
      (client: RawClient) => client.destroy(),
      (client: RawClient) => client.send(p.disconnect()),
    ]) {
      host.closures.length = 0;
      const client = await fixture.client();
      assert.equal(await client.send(connectByToy()).nextHex(), authHex('f0', 0x18, ''));
      leave(client);
      await host.until(() => host.closures.length === 1, 'closure');
      await new Promise((resolve) => setImmediate(resolve));
      assert.equal(host.closures[0]?.willDue, false);
      const error = ends.pop();
      assert.ok(error instanceof MqttError && error.code === 'connection-ended');
    }
    assert.deepEqual(fixture.errors, []);
    assert.deepEqual([fixture.engine.handshakes.size, fixture.engine.counters.connections], [0, 0]);
  },
  { exception },
);

engineTest(
  'an answer that does not come in time: refused, and counted as an unfinished handshake',
  async (start) => {
    await using fixture = await start({ connectTimeoutMs: 200 });
    useToy(fixture);
    const client = await fixture.client();
    assert.match(await client.send(connectByToy('hi')).nextHex(), /^f0 18/);
    assert.equal(fixture.engine.handshakes.size, 1);
    const connack = await client.next();
    assert.deepEqual([connack?.first, connack?.body[1]], [0x20, 0x87]);
    assert.match(String(connack?.body), /no AUTH in time/);
    assert.equal(await client.nextHex(), 'closed');
    assert.equal(fixture.engine.counters.connectTimeouts, 1);
    assert.equal(fixture.engine.handshakes.size, 0);
    assert.deepEqual(fixture.errors, []);
  },
  { exception },
);

engineTest(
  'a challenge that the client does not take for its size is not sent',
  async (start) => {
    await using fixture = await start();
    fixture.host.verdict = async ({ authentication }) => {
      await authentication?.challenge(Buffer.alloc(100));
      return { accept: true };
    };
    const client = await fixture.client();
    client.send(connectByToy(undefined, Buffer.from([0x27, 0, 0, 0, 60])));
    assert.match(await client.nextHex(), /^20 0095/);
    assert.equal(await client.nextHex(), 'closed');
    assert.deepEqual(fixture.errors, []);
  },
  { exception },
);

engineTest(
  'MQTT.js takes part in an exchange',
  async (start) => {
    await using fixture = await start();
    useToy(fixture);
    const client = mqtt.connect(`mqtt://127.0.0.1:${fixture.port}`, {
      protocolVersion: 5,
      reconnectPeriod: 0,
      manualConnect: true,
      properties: { authenticationMethod: 'TOY', authenticationData: Buffer.from('hi') },
    });
    const answers = ['me', 'proof'];
    client.handleAuth = (_packet, done) => {
      const authenticationData = Buffer.from(answers.shift() ?? '');
      done(undefined, {
        cmd: 'auth',
        reasonCode: 0x18,
        properties: { authenticationMethod: 'TOY', authenticationData },
      });
    };
    const ready = new Promise<mqtt.IConnackPacket>((resolve, reject) => {
      client.once('connect', resolve);
      client.once('error', reject);
    });
    client.connect();
    const { properties } = await ready;
    assert.equal(properties?.authenticationMethod, 'TOY');
    assert.equal(properties.authenticationData?.toString(), 'welcome');
    await client.publishAsync('a', 'b', { qos: 1 });
    await client.endAsync();
  },
  { exception },
);

/** What a client may send in an exchange, right or wrong, whole or in pieces. */
const anything = fc.oneof(
  fc
    .tuple(
      fc.constantFrom(0, 0x18, 0x18, 0x18, 0x19),
      fc.constantFrom('TOY', 'TOY', 'TOY', 'OTHER'),
      fc.constantFrom('hi', 'me', 'proof', '', undefined),
    )
    .map(([reason, method, data]) => p.auth(reason, method, data)),
  fc.constantFrom(
    p.pingreq,
    p.disconnect(),
    p.publish({ version: 5, qos: 1 }),
    p.packet(0xf0),
    p.packet(0xf0, Buffer.from([0x18])),
    connectByToy('hi'),
  ),
);

engineTest(
  'whatever is sent in an exchange, nobody gets in but by the proof',
  async (start) => {
    await using fixture = await start();
    useToy(fixture);
    const { host } = fixture;
    await fc.assert(
      fc.asyncProperty(
        fc.array(anything, { maxLength: 6 }),
        fc.integer({ min: 1, max: 20 }),
        async (packets, size) => {
          host.publishes.length = 0;
          const client = await fixture.client();
          const bytes = Buffer.concat([connectByToy('hi'), ...packets, p.publish({ version: 5 })]);
          for (let at = 0; at < bytes.length; at += size) {
            client.send(bytes.subarray(at, at + size));
            await new Promise((resolve) => setImmediate(resolve));
          }
          client.socket.end();
          await client.closed;
          const mayBeIn =
            packets.length >= 2 &&
            packets[0]?.[2] === 0x18 &&
            packets[1]?.equals(p.auth(0x18, 'TOY', 'proof')) === true;
          if (!mayBeIn) assert.deepEqual(host.publishes, []);
        },
      ),
      { numRuns: 300 },
    );
    await host.until(() => host.closures.length === host.connects.length, 'closures');
    assert.deepEqual(fixture.errors, []);
    const { counters } = fixture.engine;
    assert.deepEqual(
      [counters.internalErrors, fixture.engine.handshakes.size, counters.connections],
      [0, 0, 0],
    );
  },
  { exception },
);

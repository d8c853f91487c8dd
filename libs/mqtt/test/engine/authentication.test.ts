import assert from 'node:assert/strict';
import mqtt from 'mqtt';
import { MqttError, type AuthenticationExchange } from '../../src/mod.ts';
import { engineTest, type EngineFixture } from '../support/engine-fixture.ts';
import * as p from '../support/packets.ts';
import type { RawClient } from '../support/raw-client.ts';

const exception = 'enhanced-authentication';

const connect = (data?: string, ...more: Buffer[]): Buffer =>
  p.connect({ version: 5, properties: p.authenticationBlock('TOY', data, ...more) });

/** What a packet with method and data looks like: its first byte and the reason that stands before them. */
const auth = (first: string, reason: number, data?: string): string =>
  `${first} ${Buffer.concat([Buffer.from([reason]), p.authenticationBlock('TOY', data)]).toString('hex')}`;

const text = (data: Uint8Array | undefined): string => Buffer.from(data ?? []).toString();

/** Asks twice; whoever says what was expected is let in. */
async function toy(exchange: AuthenticationExchange): Promise<boolean> {
  const first = text(await exchange.challenge(Buffer.from('who?')));
  const second = text(await exchange.challenge(Buffer.from(`${first}, prove it`)));
  return text(exchange.data) === 'hi' && second === 'proof';
}

function useToy({ host }: EngineFixture): void {
  host.verdict = async ({ authentication }) =>
    authentication !== undefined && (await toy(authentication))
      ? { accept: true, authenticationData: Buffer.from('welcome') }
      : { accept: false, reason: 0x87, detail: 'no' };
  host.onAuthenticate = async (exchange) =>
    (await toy(exchange)) ? { accept: true, data: Buffer.from('again') } : { accept: false, reason: 0x87 };
}

async function connected(fixture: EngineFixture): Promise<RawClient> {
  fixture.host.verdict = () => Promise.resolve({ accept: true });
  const client = await fixture.client();
  assert.match(await client.send(connect()).nextHex(), /^20 0000/);
  return client;
}

engineTest(
  'an exchange of several steps, then CONNACK with the method and the last word',
  async (start) => {
    await using fixture = await start();
    useToy(fixture);
    const { counters } = fixture.engine;
    const client = await fixture.client();
    // In single bytes, so that every step waits for a whole packet.
    for (const byte of connect('hi')) client.send(Buffer.from([byte]));
    assert.equal(await client.nextHex(), auth('f0', 0x18, 'who?'));
    assert.equal(counters.unfinished, 1, 'it waits for the client');
    client.send(p.auth(0x18, 'TOY', 'me'));
    assert.equal(await client.nextHex(), auth('f0', 0x18, 'me, prove it'));
    client.send(p.auth(0x18, 'TOY', 'proof'), p.publish({ version: 5, qos: 1, id: 7 }));
    const connack = await client.next();
    assert.equal(connack?.first, 0x20);
    assert.ok(connack.body.includes(p.authenticationBlock('TOY', 'welcome').subarray(1)));
    assert.equal(await client.nextHex(), '40 0007');
    assert.equal(counters.unfinished, 0);
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
    const connack = await client.send(connect()).next();
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
  ['CONNECT', connect('hi'), /^20 0082/],
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
      assert.match(await client.send(connect('hi')).nextHex(), /^f0 18/);
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
    assert.equal(fixture.engine.counters.unfinished, 0);
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
      assert.equal(await client.send(connect()).nextHex(), auth('f0', 0x18, ''));
      leave(client);
      await host.until(() => host.closures.length === 1, 'closure');
      await new Promise((resolve) => setImmediate(resolve));
      assert.equal(host.closures[0]?.willDue, false);
      const error = ends.pop();
      assert.ok(error instanceof MqttError && error.code === 'connection-ended');
    }
    assert.deepEqual(fixture.errors, []);
    assert.deepEqual([fixture.engine.counters.unfinished, fixture.engine.counters.connections], [0, 0]);
  },
  { exception },
);

engineTest(
  'an answer that does not come in time: refused, and counted as an unfinished handshake',
  async (start) => {
    await using fixture = await start({ connectTimeoutMs: 200 });
    useToy(fixture);
    const client = await fixture.client();
    assert.match(await client.send(connect('hi')).nextHex(), /^f0 18/);
    assert.equal(fixture.engine.counters.unfinished, 1);
    const connack = await client.next();
    assert.deepEqual([connack?.first, connack?.body[1]], [0x20, 0x87]);
    assert.match(String(connack?.body), /no AUTH in time/);
    assert.equal(await client.nextHex(), 'closed');
    assert.equal(fixture.engine.counters.connectTimeouts, 1);
    assert.equal(fixture.engine.counters.unfinished, 0);
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
    client.send(connect(undefined, Buffer.from([0x27, 0, 0, 0, 60])));
    assert.match(await client.nextHex(), /^20 0095/);
    assert.equal(await client.nextHex(), 'closed');
    assert.deepEqual(fixture.errors, []);
  },
  { exception },
);

engineTest(
  'a client authenticates again while its connection goes on',
  async (start) => {
    await using fixture = await start();
    const client = await connected(fixture);
    useToy(fixture);
    for (let round = 0; round < 2; round++) {
      client.send(p.auth(0x19, 'TOY', 'hi'), p.publish({ version: 5, qos: 1, id: 1 }));
      assert.deepEqual((await client.hexes(2)).sort(), ['40 0001', auth('f0', 0x18, 'who?')]);
      client.send(p.publish({ version: 5, qos: 1, id: 2 }), p.auth(0x18, 'TOY', 'me'), p.pingreq);
      assert.deepEqual((await client.hexes(3)).sort(), ['40 0002', 'd0', auth('f0', 0x18, 'me, prove it')]);
      client.send(p.auth(0x18, 'TOY', 'proof'));
      assert.equal(await client.nextHex(), auth('f0', 0, 'again'));
    }
    assert.equal(await client.send(p.pingreq).nextHex(), 'd0');
    assert.deepEqual(fixture.errors, []);
    client.destroy();
  },
  { exception },
);

/** What a connected client sends, and the DISCONNECT that ends it. */
const failures: [name: string, packets: Buffer[], last: number][] = [
  ['a wrong proof [MQTT-4.12.1-2]', [p.auth(0x19, 'TOY', 'hi'), p.auth(0x18, 'TOY', 'me'), p.auth(0x18, 'TOY', '?')], 0x87],
  ['another method [MQTT-4.12.1-1]', [p.auth(0x19, 'OTHER', 'hi')], 0x82],
  ['another method in the middle', [p.auth(0x19, 'TOY', 'hi'), p.auth(0x18, 'OTHER', 'me')], 0x82],
  ['an answer to nothing', [p.auth(0x18, 'TOY', 'me')], 0x82],
  ['a second beginning', [p.auth(0x19, 'TOY', 'hi'), p.auth(0x19, 'TOY', 'hi')], 0x82],
  ['success, which is the server’s to say', [p.auth(0, 'TOY')], 0x81],
]; // prettier-ignore

engineTest(
  'a re-authentication that goes wrong ends the connection',
  async (start) => {
    await using fixture = await start();
    const { host } = fixture;
    for (const [name, packets, last] of failures) {
      const client = await connected(fixture);
      useToy(fixture);
      for (const [index, packet] of packets.entries()) {
        const answer = await client.send(packet).next();
        if (index < packets.length - 1) assert.equal(answer?.first, 0xf0, name);
        else assert.deepEqual([answer?.first, answer?.body[0]], [0xe0, last], name);
      }
      assert.equal(await client.nextHex(), 'closed', name);
      assert.equal(host.closures.at(-1)?.willDue, true);
    }
    assert.deepEqual(fixture.errors, []);
  },
  { exception },
);

engineTest(
  'a re-authentication without an end, or whose host fails',
  async (start) => {
    await using fixture = await start({ connectTimeoutMs: 200 });
    const slow = await connected(fixture);
    useToy(fixture);
    assert.match(await slow.send(p.auth(0x19, 'TOY', 'hi')).nextHex(), /^f0 18/);
    assert.match(await slow.nextHex(), /^e0 87/);
    assert.equal(fixture.engine.counters.connectTimeouts, 1);
    assert.deepEqual(fixture.errors, []);
    const unlucky = await connected(fixture);
    fixture.host.onAuthenticate = () => Promise.reject(new Error('directory away'));
    assert.match(await unlucky.send(p.auth(0x19, 'TOY')).nextHex(), /^e0 80/);
    assert.match(String(fixture.errors[0]), /directory away/);
  },
  { exception },
);

engineTest('AUTH on a connection without a method ends it [MQTT-4.12.0-7]', async (start) => {
  await using fixture = await start();
  const modern = await fixture.client({ version: 5 });
  const disconnect = await modern.send(p.auth(0x19, 'TOY', 'hi')).next();
  assert.deepEqual([disconnect?.first, disconnect?.body[0]], [0xe0, 0x82]);
  assert.equal(await modern.nextHex(), 'closed');
  const old = await fixture.client({ version: 4 });
  assert.equal(await old.send(p.auth(0x19, 'TOY')).nextHex(), 'closed');
});

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

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import mqtt from 'mqtt';
import { WebSocket } from 'ws';
import { listenTcp, listenWebSocket } from '../../src/mod.ts';
import { EngineFixture } from '../support/engine-fixture.ts';
import * as p from '../support/packets.ts';
import { RawClient } from '../support/raw-client.ts';

test('a port in use is an error that says so', async () => {
  await using fixture = await EngineFixture.start('native');
  await assert.rejects(listenTcp(fixture.engine, { port: fixture.port }), {
    code: 'listen-failed',
    message: /EADDRINUSE/,
  });
});

test('connections beyond the limit are closed at once', async () => {
  await using fixture = await EngineFixture.start('native');
  const narrow = await listenTcp(fixture.engine, { port: 0, maxConnections: 2 });
  const open = [await RawClient.open(narrow.port), await RawClient.open(narrow.port)];
  for (const client of open) assert.match(await client.send(p.connect()).nextHex(), /^20/);
  const third = await RawClient.open(narrow.port);
  assert.equal(await third.nextHex(), 'closed');
  assert.equal(narrow.refused, 1);
  for (const client of open) client.destroy();
  await narrow.close();
});

test('a WebSocket that was not upgraded gives way as other unfinished streams do', async () => {
  await using fixture = await EngineFixture.start('native', { maxUnfinished: 2 });
  const { engine } = fixture;
  const listener = await listenWebSocket(engine, { port: 0 });
  const first = await RawClient.open(listener.port);
  const second = await RawClient.open(listener.port);
  const third = await open(listener.port);
  assert.equal(await first.nextHex(), 'closed');
  assert.equal(engine.counters.limits.unfinished, 1);
  third.send(p.connect());
  await once(third, 'message');
  assert.equal(engine.handshakes.size, 1, 'the second');
  second.destroy();
  third.terminate();
  await listener.close();
});

test('a refused upgrade does not leave a socket behind that its client never closes', async () => {
  await using fixture = await EngineFixture.start('native');
  const listener = await listenWebSocket(fixture.engine, { port: 0 });
  const socket = connect({ port: listener.port, allowHalfOpen: true });
  socket.write('GET /other HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n');
  const answer = once(socket, 'data');
  assert.match(String(await answer), /404/);
  // Its side stays open; what ends it is the other side.
  socket.on('error', () => {});
  const writing = setInterval(() => socket.write('x'), 100);
  await new Promise((resolve) => socket.once('close', resolve));
  clearInterval(writing);
  await listener.close();
});

for (const path of ['/mqtt', '/']) {
  for (const protocolVersion of [3, 4, 5] as const) {
    test(`MQTT.js over WebSocket on ${path}, version ${protocolVersion}`, async () => {
      await using fixture = await EngineFixture.start('native');
      const listener = await listenWebSocket(fixture.engine, { port: 0 });
      const client = await mqtt.connectAsync(`ws://127.0.0.1:${listener.port}${path}`, {
        protocolVersion,
        protocolId: protocolVersion === 3 ? 'MQIsdp' : 'MQTT',
        reconnectPeriod: 0,
      });
      for (const qos of [0, 1, 2] as const) await client.publishAsync('t', Buffer.alloc(100_000), { qos });
      const [connection] = fixture.host.connections;
      assert.equal(connection?.transport, 'websocket');
      assert.match(connection.remoteAddress, /^127\.0\.0\.1:\d+$/);
      const message = new Promise<[string, number]>((resolve) => {
        client.on('message', (topic, payload) => resolve([topic, payload.length]));
      });
      connection.deliver({
        topic: 'back',
        payload: Buffer.alloc(100_000, 1),
        qos: 1,
        retain: false,
        dup: false,
        packetId: 3,
        properties: Buffer.alloc(0),
        subscriptionIdentifiers: [],
      });
      assert.deepEqual(await message, ['back', 100_000]);
      await client.endAsync();
      await fixture.host.until(() => fixture.host.closures.length === 1, 'closure');
      assert.equal(fixture.host.closures[0]?.kind, 'clean');
      await listener.close();
    });
  }
}

async function open(port: number, path = '/mqtt', protocols: string[] = ['mqtt']): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, protocols);
  await once(socket, 'open');
  return socket;
}

test('packets and WebSocket messages are independent of each other', async () => {
  await using fixture = await EngineFixture.start('native');
  const { host } = fixture;
  const listener = await listenWebSocket(fixture.engine, { port: 0 });
  const socket = await open(listener.port);
  const bytes = Buffer.concat([
    p.connect(),
    ...Array.from({ length: 20 }, () => p.publish({ qos: 1, payload: 'xyz' })),
  ]);
  for (let at = 0, size = 1; at < bytes.length; at += size, size = (size % 11) + 1) {
    socket.send(bytes.subarray(at, at + size));
  }
  await host.until(() => host.publishes.length === 20, 'publishes');
  socket.terminate();
  await host.until(() => host.closures.length === 1, 'closure');
  assert.equal(host.closures[0]?.kind, 'lost');
  await listener.close();
});

test('a text message ends the connection with 1003', async () => {
  await using fixture = await EngineFixture.start('native');
  const { host } = fixture;
  const listener = await listenWebSocket(fixture.engine, { port: 0 });
  const socket = await open(listener.port);
  socket.send(p.connect());
  await once(socket, 'message');
  socket.send('text');
  const [code] = (await once(socket, 'close')) as [number];
  assert.equal(code, 1003);
  await host.until(() => host.closures.length === 1, 'closure');
  await listener.close();
});

test('subprotocol and path are asked for', async () => {
  await using fixture = await EngineFixture.start('native');
  const listener = await listenWebSocket(fixture.engine, { port: 0 });
  for (const [path, protocols, expected] of [
    ['/other', ['mqtt'], /404/],
    ['/mqtt', ['amqp'], /400/],
    ['/mqtt', [], /400/],
  ] as const) {
    const socket = new WebSocket(`ws://127.0.0.1:${listener.port}${path}`, [...protocols]);
    const [error] = (await once(socket, 'error')) as [Error];
    assert.match(error.message, expected);
  }
  const modern = await open(listener.port, '/mqtt?x=1', ['other', 'mqtt']);
  assert.equal(modern.protocol, 'mqtt');
  const old = await open(listener.port, '/', ['mqttv3.1']);
  assert.equal(old.protocol, 'mqttv3.1');
  const plain = await fetch(`http://127.0.0.1:${listener.port}/`);
  assert.equal(plain.status, 426);
  modern.terminate();
  old.terminate();
  await listener.close();
});

test('back-pressure reaches a WebSocket client', async () => {
  await using fixture = await EngineFixture.start('native');
  const { host } = fixture;
  const listener = await listenWebSocket(fixture.engine, { port: 0 });
  const socket = await open(listener.port);
  host.onPublish = ({ connection }) => {
    if (host.publishes.length === 1) connection.pause();
  };
  socket.send(p.connect());
  await once(socket, 'message');
  const packet = p.publish({ payload: Buffer.alloc(10_000) });
  for (let sent = 0; sent < 4000; sent++) socket.send(packet);
  await host.until(() => host.publishes.length > 0, 'first publish');
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.ok(socket.bufferedAmount > 10_000_000, `${socket.bufferedAmount} bytes wait at the sender`);
  host.connections[0]?.resume();
  await host.until(() => host.publishes.length === 4000, 'all publishes');
  socket.terminate();
  await listener.close();
});

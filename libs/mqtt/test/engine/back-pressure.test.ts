import assert from 'node:assert/strict';
import { engineTest } from '../support/engine-fixture.ts';
import * as p from '../support/packets.ts';

engineTest('pause stalls the sender in bounded memory, and resume loses nothing', async (start) => {
  await using fixture = await start();
  const { host } = fixture;
  const client = await fixture.client({ keepAlive: 1 });
  host.onPublish = ({ connection }) => {
    if (host.publishes.length === 10) connection.pause();
  };
  const payload = Buffer.alloc(1000);
  const total = 40_000;
  const batch = Array.from({ length: 100 }, () => p.publish({ topic: 'flood', payload }));
  for (let sent = 0; sent < total; sent += batch.length) client.send(...batch);
  await host.until(() => host.publishes.length >= 10, 'first publishes');
  // Longer than the keep-alive: a client that is not read must not be blamed for silence.
  await new Promise((resolve) => setTimeout(resolve, 3000));
  assert.ok(host.publishes.length < 10 + 64, `${host.publishes.length} dispatched while paused`);
  const { bytesReceived } = fixture.engine.counters;
  assert.ok(bytesReceived < 300_000, `${bytesReceived} bytes taken from the socket`);
  assert.ok(client.socket.writableLength > 1_000_000, 'the rest waits at the sender');
  assert.deepEqual(host.closures, []);
  host.connections[0]?.pause();
  host.connections[0]?.resume();
  host.connections[0]?.resume();
  await host.until(() => host.publishes.length === total, 'all publishes');
  client.destroy();
});

engineTest('pause and resume for each packet keep the order', async (start) => {
  await using fixture = await start();
  const { host } = fixture;
  host.onPublish = ({ connection }) => {
    connection.pause();
    setImmediate(() => connection.resume());
  };
  const client = await fixture.client({});
  client.send(...Array.from({ length: 500 }, (_, index) => p.publish({ topic: `t/${index}` })));
  await host.until(() => host.publishes.length === 500, 'publishes');
  assert.deepEqual(
    host.publishes.map(({ topic }) => topic),
    Array.from({ length: 500 }, (_, index) => `t/${index}`),
  );
  client.destroy();
});

engineTest('a client that does not read is not read either, until it does', async (start) => {
  await using fixture = await start();
  const { host } = fixture;
  const client = await fixture.client({ keepAlive: 0 });
  client.socket.pause();
  const answer = {
    topic: 'back',
    payload: Buffer.alloc(64 * 1024),
    qos: 0,
    retain: false,
    dup: false,
    packetId: 0,
    properties: Buffer.alloc(0),
    subscriptionIdentifiers: [],
  } as const;
  host.onPublish = ({ connection }) => void connection.deliver(answer);
  const total = 2000;
  client.send(...Array.from({ length: total }, () => p.publish({ payload: Buffer.alloc(1000) })));
  let before = -1;
  while (host.publishes.length !== before) {
    before = host.publishes.length;
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  assert.ok(before < total / 2, `${before} taken`);
  assert.deepEqual(host.closures, []);
  client.socket.resume();
  await host.until(() => host.publishes.length === total, 'all publishes');
  client.destroy();
});

engineTest('what a client sent before it closed its side is processed', async (start) => {
  await using fixture = await start();
  const { host } = fixture;
  host.onPublish = ({ connection }) => {
    connection.pause();
    setTimeout(() => connection.resume(), 5);
  };
  const client = await fixture.client();
  client.send(p.connect(), ...Array.from({ length: 150 }, () => p.publish({ qos: 1 })));
  client.socket.end();
  await host.until(() => host.closures.length === 1, 'closure');
  assert.equal(host.publishes.length, 150);
  assert.equal(host.closures[0]?.kind, 'lost');
  assert.equal((await client.hexes(151)).filter((hex) => hex === '40 0001').length, 150);
});

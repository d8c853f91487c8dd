import assert from 'node:assert/strict';
import type { Closure } from '../../src/mod.ts';
import { engineTest } from '../support/engine-fixture.ts';
import * as p from '../support/packets.ts';
import type { RawClient } from '../support/raw-client.ts';

/** name, version, how the client ends, what the host hears, the last packet */
const endings: [
  name: string,
  version: 4 | 5,
  end: (client: RawClient) => void,
  closure: Partial<Closure>,
  last: RegExp,
][] = [
  ['DISCONNECT', 4, (c) => c.send(p.disconnect()), { kind: 'clean', willDue: false }, /^closed/],
  [
    'DISCONNECT',
    5,
    (c) => c.send(p.disconnect()),
    { kind: 'clean', willDue: false, sessionExpiry: undefined },
    /^closed/,
  ],
  ['DISCONNECT and more', 4, (c) => c.send(p.disconnect(), p.publish()), { kind: 'clean' }, /^closed/],
  [
    'DISCONNECT with will',
    5,
    (c) => c.send(p.disconnect(4)),
    { kind: 'with-will', reason: 4, willDue: true },
    /^closed/,
  ],
  [
    'DISCONNECT with an error',
    5,
    (c) => c.send(p.disconnect(0x97)),
    { kind: 'with-will', reason: 0x97, willDue: true },
    /^closed/,
  ],
  [
    'DISCONNECT with session expiry',
    5,
    (c) => c.send(p.disconnect(0, 5, 0x11, 0, 0, 0, 0)),
    { kind: 'clean', sessionExpiry: 0 },
    /^closed/,
  ],
  [
    'DISCONNECT with session expiry where there is none',
    5,
    (c) => c.send(p.disconnect(0, 5, 0x11, 0, 0, 0, 1)),
    { kind: 'protocol-error', reason: 0x82, willDue: true },
    /^e0 82/,
  ],
  ['end of the stream', 4, (c) => c.socket.end(), { kind: 'lost', willDue: true }, /^closed/],
  ['reset', 4, (c) => c.socket.resetAndDestroy(), { kind: 'lost', willDue: true }, /^closed/],
  [
    'a packet cut off',
    4,
    (c) => c.send(p.publish().subarray(0, 3)).socket.end(),
    { kind: 'lost', willDue: true },
    /^closed/,
  ],
  ['silence', 4, () => {}, { kind: 'keep-alive', willDue: true }, /^closed/],
  ['silence', 5, () => {}, { kind: 'keep-alive', reason: 0x8d, willDue: true }, /^e0 8d/],
];

for (const [name, version, end, closure, last] of endings) {
  engineTest(`the host hears how it ended: ${name}, version ${version}`, async (start) => {
    await using fixture = await start();
    const { host } = fixture;
    const client = await fixture.client({ version, keepAlive: 1 });
    const began = performance.now();
    end(client);
    await host.until(() => host.closures.length === 1, 'closure');
    const [heard] = host.closures;
    for (const [key, value] of Object.entries(closure))
      assert.equal(heard?.[key as keyof Closure], value, key);
    if (closure.kind === 'keep-alive') {
      const elapsed = performance.now() - began;
      assert.ok(elapsed >= 1500 && elapsed < 4000, `after ${elapsed} ms`);
    }
    assert.match(await client.nextHex(), last);
    assert.deepEqual(host.publishes, []);
    assert.equal(fixture.engine.counters.connections, 0);
    assert.deepEqual(fixture.errors, []);
    client.destroy();
  });
}

engineTest('keep-alive: packets prolong it, bytes do not', async (start) => {
  await using fixture = await start();
  const { host } = fixture;
  const lively = await fixture.client({ clientId: 'lively', keepAlive: 1 });
  const dripping = await fixture.client({ clientId: 'dripping', keepAlive: 1 });
  const large = p.publish({ payload: Buffer.alloc(100) });
  for (let turn = 0; turn < 40; turn++) {
    if (turn % 4 === 0) lively.send(p.pingreq);
    dripping.send(large.subarray(turn, turn + 1));
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.deepEqual(
    host.closures.map(({ kind }) => kind),
    ['keep-alive'],
  );
  assert.equal(await dripping.nextHex(), 'closed');
  assert.equal((await lively.hexes(10)).length, 10);
  assert.equal(fixture.engine.counters.keepAliveTimeouts, 1);
  lively.destroy();
});

engineTest('the socket stays open until the host has recorded a DISCONNECT', async (start) => {
  await using fixture = await start();
  const { host } = fixture;
  let recorded = (): void => {};
  host.onClosed = () => new Promise((resolve) => (recorded = resolve));
  const client = await fixture.client({});
  client.send(p.disconnect());
  await host.until(() => host.closures.length === 1, 'closure');
  let isClosed = false;
  void client.closed.then(() => (isClosed = true));
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.equal(isClosed, false);
  recorded();
  await client.closed;
});

engineTest(
  'disconnect: what was acknowledged leaves first, MQTT 5 hears why, closed is not called from within',
  async (start) => {
    await using fixture = await start();
    const { host } = fixture;
    host.onPublish = ({ connection, packetId, topic }) => {
      if (topic !== 'last') return;
      connection.acknowledge(packetId, 1, 0);
      connection.disconnect(0x8e, 'session taken over');
      connection.disconnect(0x8e, 'twice');
      assert.equal(host.closures.length, 0);
      connection.acknowledge(packetId, 1, 0);
      connection.deliver({ ...published, topic: 'after' });
    };
    const published = {
      topic: 'x',
      payload: Buffer.alloc(0),
      qos: 0,
      retain: false,
      dup: false,
      packetId: 0,
      properties: Buffer.alloc(0),
      subscriptionIdentifiers: [],
    } as const;
    for (const version of [4, 5] as const) {
      const client = await fixture.client({ version });
      client.send(
        p.publish({ version, topic: 'last', qos: 1, id: 5 }),
        p.publish({ version, topic: 'never' }),
      );
      assert.equal(await client.nextHex(), '40 0005');
      if (version === 5) assert.match(await client.nextHex(), /^e0 8e/);
      assert.equal(await client.nextHex(), 'closed');
      const how = host.closures.at(-1);
      assert.deepEqual([how?.kind, how?.reason, how?.detail], ['server', 0x8e, 'session taken over']);
    }
    assert.ok(!host.publishes.some(({ topic }) => topic === 'never'));
  },
);

engineTest("two connections with one client identifier: takeover is the host's", async (start) => {
  await using fixture = await start();
  const { host } = fixture;
  const first = await fixture.client({ version: 5, clientId: 'same' });
  host.verdict = async () => {
    host.connections[0]?.disconnect(0x8e, 'session taken over');
    await host.until(() => host.closures.length === 1, 'closure of the first');
    return { accept: true };
  };
  const second = await fixture.client({ version: 5, clientId: 'same' });
  assert.match(await first.nextHex(), /^e0 8e/);
  assert.equal(await second.send(p.pingreq).nextHex(), 'd0');
  assert.deepEqual(host.events.slice(0, 3), ['connect same', 'connect same', 'closed server']);
  second.destroy();
});

engineTest('drain sends everybody away and takes nobody more', async (start) => {
  await using fixture = await start();
  const { host } = fixture;
  const clients = await Promise.all(
    Array.from({ length: 20 }, (_, index) => fixture.client({ version: 5, clientId: `c${index}` })),
  );
  const unfinished = await fixture.client();
  await fixture.engine.drain(0x8b);
  assert.equal(host.closures.length, 20);
  assert.ok(host.closures.every(({ kind, willDue }) => kind === 'server' && willDue));
  for (const client of clients) assert.match(await client.nextHex(), /^e0 8b/);
  assert.equal(await unfinished.nextHex(), 'closed');
  const late = await fixture.client();
  assert.equal(await late.nextHex(), 'closed');
  assert.equal(fixture.engine.counters.connections, 0);
});

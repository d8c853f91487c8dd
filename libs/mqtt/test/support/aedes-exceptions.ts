import assert from 'node:assert/strict';
import type { EngineFixture, Start } from './engine-fixture.ts';
import * as p from './packets.ts';

/**
 * What the aedes engine does not offer although the native engine does, and how a client sees it. A test of the native
 * engine that needs one of these names it, and runs this in its place with aedes. docs/engines.md explains each.
 */
export const aedesExceptions = {
  'enhanced-authentication': async (start) => {
    await using fixture = await start();
    const client = await fixture.client();
    client.send(p.connect({ version: 5, properties: p.authenticationBlock('SCRAM-SHA-256', 'n,,n=u,r=x') }));
    const refusal = await client.next();
    assert.deepEqual([refusal?.first, refusal?.body[1]], [0x20, 0x8c], 'bad authentication method');
    assert.match(String(refusal?.body), /enhanced authentication is not available/);
    assert.equal(await client.nextHex(), 'closed');
    assert.deepEqual(fixture.host.connects, [], 'never silently as somebody without credentials');
  },

  'shared-subscriptions': async (start) => {
    await using fixture = await start();
    const client = await fixture.client();
    const connack = await client.send(p.connect({ version: 5 })).next();
    assert.ok(connack?.body.includes(Buffer.from([0x2a, 0])), 'Shared Subscription Available is 0');
    client.send(p.subscribe(1, [['a', 1], ['$share/g/a', 1]], p.properties())); // prettier-ignore
    assert.equal(await client.nextHex(), '90 000100019e');
    assert.deepEqual(filters(fixture), ['a']);
    client.destroy();
    fixture.host.subscribes.length = 0;
    const old = await fixture.client({ clientId: 'old' });
    assert.equal(await old.send(p.subscribe(1, [['$share/g/a', 1]])).nextHex(), '90 000180');
    assert.deepEqual(filters(fixture), []);
    old.destroy();
  },

  'session-expiry': async (start) => {
    await using fixture = await start({ maxSessionExpiry: 60 });
    fixture.host.verdict = () => Promise.resolve({ accept: true, sessionExpiry: 30 });
    for (const [asked, told] of [
      [60, undefined],
      [61, 60],
    ] as const) {
      const client = await fixture.client();
      const properties = p.properties([0x11, ...p.u32(asked)]);
      const connack = await client.send(p.connect({ version: 5, properties })).next();
      const at = connack?.body.indexOf(0x11, 3) ?? -1;
      assert.equal(at < 0 ? undefined : connack?.body.readUInt32BE(at + 1), told, 'the limit, not the grant');
      client.destroy();
    }
  },

  'server-keep-alive': async (start) => {
    await using fixture = await start({ maxKeepAlive: 60 });
    const client = await fixture.client();
    const connack = await client.send(p.connect({ version: 5, keepAlive: 0 })).next();
    assert.equal(connack?.body.includes(Buffer.from([0x13])), false, 'the keep-alive of the client holds');
    client.destroy();
  },

  'topic-aliases-to-clients': async (start) => {
    await using fixture = await start();
    const client = await fixture.client({ version: 5, properties: p.properties([0x22, 0, 5]) });
    const delivery = {
      topic: 'sensors/1',
      payload: Buffer.alloc(0),
      qos: 0,
      retain: false,
      dup: false,
      packetId: 0,
      properties: Buffer.alloc(0),
      subscriptionIdentifiers: [],
    } as const;
    for (let turn = 0; turn < 2; turn++) fixture.host.connections[0]?.deliver(delivery);
    const whole = `30 0009${Buffer.from('sensors/1').toString('hex')}00`;
    assert.deepEqual(await client.hexes(2), [whole, whole]);
    client.destroy();
  },

  'filter-proto': async (start) => {
    await using fixture = await start();
    const client = await fixture.client({ version: 5 });
    client.send(p.subscribe(1, [['__proto__', 0], ['a', 0]], p.properties())); // prettier-ignore
    assert.match(await client.nextHex(), /^e0 8f/, 'it would end the process');
    assert.deepEqual(filters(fixture), []);
  },

  'connack-size': async (start) => {
    await using fixture = await start();
    const client = await fixture.client();
    client.send(p.connect({ version: 5, properties: p.properties([0x27, 0, 0, 0, 8]) }));
    assert.match(await client.nextHex(), /^20 00000a/, 'longer than the client takes');
    client.destroy();
  },
} as const satisfies Record<string, (start: Start) => Promise<void>>;

export type AedesException = keyof typeof aedesExceptions;

function filters({ host }: EngineFixture): string[] {
  return host.subscribes.flatMap(({ subscriptions }) => subscriptions.map(({ filter }) => filter));
}

import assert from 'node:assert/strict';
import { engineTest, type EngineFixture } from '../support/engine-fixture.ts';
import * as p from '../support/packets.ts';
import type { RawClient } from '../support/raw-client.ts';
import { authHex, connectByToy, useToy } from '../support/toy-authentication.ts';

const exception = 'enhanced-authentication';

async function connected(fixture: EngineFixture): Promise<RawClient> {
  fixture.host.verdict = () => Promise.resolve({ accept: true });
  const client = await fixture.client();
  assert.match(await client.send(connectByToy()).nextHex(), /^20 0000/);
  return client;
}

engineTest(
  'a client authenticates again while its connection goes on',
  async (start) => {
    await using fixture = await start();
    const client = await connected(fixture);
    useToy(fixture);
    for (let round = 0; round < 2; round++) {
      client.send(p.auth(0x19, 'TOY', 'hi'), p.publish({ version: 5, qos: 1, id: 1 }));
      assert.deepEqual((await client.hexes(2)).sort(), ['40 0001', authHex('f0', 0x18, 'who?')]);
      client.send(p.publish({ version: 5, qos: 1, id: 2 }), p.auth(0x18, 'TOY', 'me'), p.pingreq);
      assert.deepEqual((await client.hexes(3)).sort(), [
        '40 0002',
        'd0',
        authHex('f0', 0x18, 'me, prove it'),
      ]);
      client.send(p.auth(0x18, 'TOY', 'proof'));
      assert.equal(await client.nextHex(), authHex('f0', 0, 'again'));
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

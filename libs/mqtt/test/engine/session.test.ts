import assert from 'node:assert/strict';
import { engineTest } from '../support/engine-fixture.ts';
import * as p from '../support/packets.ts';
import type { RawClient } from '../support/raw-client.ts';

const expiry = (seconds: number): Buffer => p.properties([0x11, ...p.u32(seconds)]);

/** Flags of the CONNACK, and the Session Expiry Interval in it, if any. */
async function connack(client: RawClient): Promise<{ flags: number; expiry: number | undefined }> {
  const { first, body } = (await client.next()) ?? { first: 0, body: Buffer.alloc(0) };
  assert.equal(first, 0x20);
  assert.equal(body[1], 0);
  if (body.length === 2) return { flags: body[0]!, expiry: undefined };
  for (let at = 3; at < body.length;) {
    const id = body[at]!;
    if (id === 0x11) return { flags: body[0]!, expiry: body.readUInt32BE(at + 1) };
    const size = { 0x2a: 1, 0x22: 2, 0x21: 2, 0x27: 4 }[id];
    assert.ok(size !== undefined, `property ${id}`);
    at += 1 + size;
  }
  return { flags: body[0]!, expiry: undefined };
}

/** CONNECT, what the host says of the session, and whether CONNACK tells the client that it is present. */
const presence: [name: string, connect: p.ConnectFields, says: boolean | undefined, told: boolean][] = [
  ['3.1.1 resumes', { clean: false }, true, true],
  ['3.1.1 finds none', { clean: false }, false, false],
  ['3.1.1, the host says nothing', { clean: false }, undefined, false],
  ['3.1.1, clean: never [MQTT-3.2.2-1]', { clean: true }, true, false],
  ['3.1: no such flag', { version: 3, clean: false }, true, false],
  ['5 resumes', { version: 5, clean: false, properties: expiry(60) }, true, true],
  ['5 resumes what ends now', { version: 5, clean: false }, true, true],
  ['5 finds none', { version: 5, clean: false, properties: expiry(60) }, false, false],
  ['5, clean start: never [MQTT-3.2.2-2]', { version: 5, properties: expiry(60) }, true, false],
];

engineTest('CONNACK tells whether the session is present', async (start) => {
  await using fixture = await start();
  for (const [name, connect, sessionPresent, told] of presence) {
    fixture.host.verdict = () =>
      Promise.resolve({ accept: true, ...(sessionPresent !== undefined && { sessionPresent }) });
    const client = await fixture.client();
    client.send(p.connect(connect));
    assert.equal((await connack(client)).flags, told ? 1 : 0, name);
    const version = connect.version ?? 4;
    // Nothing was subscribed on the way, and the connection works.
    client.send(p.subscribe(1, [['a', 1]], version === 5 ? p.properties() : undefined), p.pingreq);
    const both = (await client.hexes(2)).sort();
    assert.deepEqual(both, [version === 5 ? '90 00010001' : '90 000101', 'd0'], name);
    client.destroy();
  }
  assert.equal(fixture.host.subscribes.length, presence.length);
  assert.deepEqual(fixture.errors, []);
});

/** Asked, granted (undefined: the host says nothing), told. */
const grants: [asked: number, granted: number | undefined, told: number | undefined][] = [
  [0, undefined, undefined],
  [30, undefined, undefined],
  [60, 60, undefined],
  [61, 60, 60],
  [0xffffffff, 60, 60],
];

engineTest('CONNACK tells the session expiry that is granted, if it is not what was asked', async (start) => {
  await using fixture = await start({ maxSessionExpiry: 60 });
  for (const [asked, sessionExpiry, told] of grants) {
    fixture.host.verdict = () =>
      Promise.resolve({ accept: true, ...(sessionExpiry !== undefined && { sessionExpiry }) });
    const client = await fixture.client();
    client.send(p.connect({ version: 5, clean: false, properties: expiry(asked) }));
    assert.equal((await connack(client)).expiry, told, `asked ${asked}`);
    assert.equal(fixture.host.connects.at(-1)?.sessionExpiry, asked);
    client.destroy();
  }
});

engineTest(
  'each connection can be granted its own expiry',
  async (start) => {
    await using fixture = await start();
    for (const granted of [0, 30, 59]) {
      fixture.host.verdict = () => Promise.resolve({ accept: true, sessionExpiry: granted });
      const client = await fixture.client();
      client.send(p.connect({ version: 5, properties: expiry(60) }));
      assert.equal((await connack(client)).expiry, granted);
      client.destroy();
    }
  },
  { exception: 'session-expiry' },
);

engineTest('CONNACK tells 0 if no session outlives its connection', async (start) => {
  await using fixture = await start({ maxSessionExpiry: 0 });
  fixture.host.verdict = () => Promise.resolve({ accept: true, sessionExpiry: 0 });
  for (const [asked, told] of [
    [0, undefined],
    [60, 0],
  ] as const) {
    const client = await fixture.client();
    client.send(p.connect({ version: 5, properties: expiry(asked) }));
    assert.equal((await connack(client)).expiry, told);
    client.destroy();
  }
});

/** Expiry in CONNECT, in DISCONNECT, and what the host hears (null: a protocol error). */
const changes: [before: number, after: number, heard: number | null][] = [
  [0, 0, 0],
  [0, 1, null],
  [0, 0xffffffff, null],
  [60, 0, 0],
  [60, 3600, 3600],
  [0xffffffff, 1, 1],
];

engineTest('a DISCONNECT changes the session expiry, but not from 0 (3.14.2.2.2)', async (start) => {
  await using fixture = await start();
  const { host } = fixture;
  for (const [before, after, heard] of changes) {
    const client = await fixture.client({ version: 5, properties: expiry(before) });
    client.send(p.disconnect(0, 5, 0x11, ...p.u32(after)));
    const last = await client.nextHex();
    const how = host.closures.at(-1);
    if (heard === null) {
      assert.match(last, /^e0 82/);
      assert.deepEqual([how?.kind, how?.reason, how?.willDue], ['protocol-error', 0x82, true]);
      assert.equal(how?.sessionExpiry, undefined);
    } else {
      assert.equal(last, 'closed');
      assert.deepEqual([how?.kind, how?.willDue, how?.sessionExpiry], ['clean', false, heard]);
    }
    client.destroy();
  }
});

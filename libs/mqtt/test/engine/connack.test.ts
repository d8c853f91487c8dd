import assert from 'node:assert/strict';
import { engineTest } from '../support/engine-fixture.ts';
import * as p from '../support/packets.ts';

/** name, CONNECT, CONNACK in hex ('closed': none), and that of aedes, which has no shared subscriptions, if it differs */
const answers: [name: string, connect: Buffer, answer: string, aedes?: string][] = [
  ['3.1', p.connect({ version: 3 }), '20 0000'],
  ['3.1 with a long identifier', p.connect({ version: 3, clientId: 'x'.repeat(100) }), '20 0000'],
  ['3.1 without an identifier', p.connect({ version: 3, clientId: '' }), '20 0002'],
  ['3.1.1', p.connect(), '20 0000'],
  ['3.1.1 with a session: session present 0', p.connect({ clean: false }), '20 0000'],
  ['3.1.1 without an identifier', p.connect({ clientId: '' }), '20 0000'],
  ['3.1.1 without an identifier, with a session', p.connect({ clientId: '', clean: false }), '20 0002'],
  ['3.1.1, reserved flag', p.connect({ flags: 1 }), 'closed'],
  ['version 7', p.packet(0x10, p.string('MQTT'), Buffer.from([7, 2, 0, 0, 0, 0])), '20 008400'],
  [
    '5: packets up to 983040 bytes, no receive maximum of its own, 8 aliases',
    p.connect({ version: 5 }),
    '20 00000822000827000f0000',
    '20 00000a2a0022000827000f0000',
  ],
  [
    '5: a longer session is granted',
    p.connect({ version: 5, properties: p.properties([0x11, 0, 0, 0, 60]) }),
    '20 00000822000827000f0000',
    '20 00000a2a0022000827000f0000',
  ],
  [
    '5, clean start off: session present 0',
    p.connect({ version: 5, clean: false }),
    '20 00000822000827000f0000',
    '20 00000a2a0022000827000f0000',
  ],
  [
    '5, authentication data without a method',
    p.connect({ version: 5, properties: p.properties([0x16, 0, 1, 0x41]) }),
    explained(0x82, 'Authentication Data without an Authentication Method (3.1.2.11.10)'),
  ],
  [
    '5, receive maximum 0',
    p.connect({ version: 5, properties: p.properties([0x21, 0, 0]) }),
    explained(0x82, 'Receive Maximum is 0 (3.1.2.11.3)'),
  ],
  [
    '5, receive maximum 0 from a client that takes packets of 20 bytes',
    p.connect({ version: 5, properties: p.properties([0x21, 0, 0], [0x27, 0, 0, 0, 20]) }),
    '20 008200',
  ],
  [
    '5, identifier with U+0000',
    p.connect({ version: 5, clientId: '\0' }),
    explained(0x81, 'a string contains U+0000 [MQTT-1.5.4-2]'),
  ],
];

/** A CONNACK that refuses, with a reason string. */
function explained(reason: number, text: string): string {
  const block = p.properties(Buffer.concat([Buffer.from([0x1f]), p.string(text)]));
  return `20 00${Buffer.concat([Buffer.from([reason]), block]).toString('hex')}`;
}

engineTest('CONNACK says what is offered and what is wrong', async (start, engine) => {
  await using fixture = await start();
  for (const [name, connect, answer, aedes] of answers) {
    const client = await fixture.client();
    assert.equal(await client.send(connect).nextHex(), engine === 'aedes' ? (aedes ?? answer) : answer, name);
    if (!/^20 0000/.test(answer)) assert.equal(await client.nextHex(), 'closed', name);
    client.destroy();
  }
  assert.deepEqual(fixture.errors, []);
});

engineTest('the host refuses, with the nearest code for each version', async (start) => {
  await using fixture = await start();
  const { host } = fixture;
  for (const [version, reason, answer] of [
    [4, 0x86, '20 0004'],
    [4, 0x89, '20 0003'],
    [3, 0x8a, '20 0005'],
    [5, 0x97, explained(0x97, 'not today')],
    [5, 0x9f, explained(0x9f, 'not today')],
  ] as const) {
    host.verdict = () => Promise.resolve({ accept: false, reason, detail: 'not today' });
    const client = await fixture.client();
    assert.deepEqual(await client.send(p.connect({ version })).hexes(2), [answer, 'closed']);
    const how = host.closures.at(-1);
    assert.deepEqual(
      [how?.kind, how?.reason, how?.detail, how?.willDue],
      ['server', reason, 'not today', false],
    );
  }
});

engineTest('a host that fails refuses, and is reported', async (start) => {
  await using fixture = await start();
  fixture.host.verdict = () => Promise.reject(new Error('directory away'));
  const client = await fixture.client();
  assert.deepEqual(await client.send(p.connect({ version: 5 })).hexes(2), [
    explained(0x80, 'internal error'),
    'closed',
  ]);
  assert.match(String(fixture.errors[0]), /directory away/);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OutboundPublish } from '../../src/mod.ts';
import { OutboundAliases } from '../../src/native/outbound-aliases.ts';
import { engineTest, type Start } from '../support/engine-fixture.ts';
import * as p from '../support/packets.ts';

function delivery(topic: string, fields: Partial<OutboundPublish> = {}): OutboundPublish {
  return {
    topic,
    payload: Buffer.from('x'),
    qos: 0,
    retain: false,
    dup: false,
    packetId: 0,
    properties: new Uint8Array(0),
    subscriptionIdentifiers: [],
    ...fields,
  };
}

/** What a client that knows MQTT 5 understands: topics by alias are resolved; null for an alias never told. */
function topicsOf(bodies: readonly Buffer[]): (string | null)[] {
  const told = new Map<number, string>();
  return bodies.map((body) => {
    const length = body.readUInt16BE(0);
    const topic = body.toString('utf8', 2, 2 + length);
    const at = 2 + length;
    if (body[at] === 0) return topic;
    assert.equal(body[at + 1], 0x23, 'Topic Alias');
    const alias = body.readUInt16BE(at + 2);
    if (topic !== '') told.set(alias, topic);
    return told.get(alias) ?? null;
  });
}

async function received(
  start: Start,
  alias: number,
  topics: readonly string[],
  packetSize = 0,
): Promise<{ bodies: Buffer[]; topics: (string | null)[] }> {
  await using fixture = await start();
  const size = packetSize > 0 ? [0x27, ...p.u32(packetSize)] : [];
  const client = await fixture.client({ version: 5, properties: p.properties([0x22, 0, alias, ...size]) });
  const [connection] = fixture.host.connections;
  for (const topic of topics) connection?.deliver(delivery(topic));
  const bodies: Buffer[] = [];
  for (const _ of topics) bodies.push((await client.next())?.body ?? Buffer.alloc(0));
  client.destroy();
  return { bodies, topics: topicsOf(bodies) };
}

engineTest(
  'a topic that comes again is sent as its alias, and the client knows which it is',
  async (start) => {
    const sent = ['sensors/1', 'sensors/2', 'sensors/1', 'sensors/3', 'sensors/3', 'sensors/2', 'sensors/1'];
    const { bodies, topics } = await received(start, 2, sent);
    assert.deepEqual(topics, sent);
    assert.deepEqual(
      bodies.map((body) => body.readUInt16BE(0) > 0),
      [true, true, false, true, false, true, true],
      'two aliases: the one used least recently gives way',
    );
  },
  { exception: 'topic-aliases-to-clients' },
);

engineTest(
  'a client that takes no aliases gets none, and nothing outgrows its packet size',
  async (start) => {
    const sent = ['sensors/1', 'sensors/1'];
    for (const [alias, size] of [
      [0, 0],
      [5, 14],
    ] as const) {
      const { bodies, topics } = await received(start, alias, sent, size);
      assert.deepEqual(topics, sent);
      for (const body of bodies) assert.equal(body.toString('latin1'), '\0\x09sensors/1\0x');
    }
  },
);

test('aliases stay within what the client takes and what we keep', () => {
  const aliases = new OutboundAliases(65535);
  const used = new Set<number | undefined>();
  for (let n = 0; n < 1000; n++) used.add(aliases.use(`topic/${n}`)?.alias);
  assert.deepEqual([Math.min(...[...used].map(Number)), Math.max(...[...used].map(Number))], [1, 16]);
  assert.equal(aliases.use('a/b'), null, 'as short as an alias');
});

import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import * as c from '../wire/client-packet.ts';
import type { Peer } from './peer.ts';
import type { Scene } from './scene.ts';
import type { Statement } from './statement.ts';

/** A client with a will at the case's topic, and one that listens there. */
async function pair(
  s: Scene,
  will: Partial<c.WillFields> = {},
  fields: c.ConnectFields = {},
): Promise<[Peer, Peer]> {
  const listener = await s.connect({ clientId: s.clientId('listener') });
  await listener.subscribe(s.topic(), 2 | c.RETAIN_AS_PUBLISHED);
  const client = await s.connect({
    clientId: s.clientId('dying'),
    will: { topic: s.topic(), payload: 'gone', ...will },
    ...fields,
  });
  return [client, listener];
}

/** 3.1.2.5 and 3.1.3.2: will messages. */
export const will: readonly Statement[] = [
  {
    id: '3.1.2-7',
    says: 'the server keeps the will for the session',
    test: async (s) => {
      const [client, listener] = await pair(s, {
        qos: 2,
        properties: [
          ['contentType', 'x'],
          ['userProperty', ['b', '1']],
        ],
      });
      client.drop();
      const { qos, payload, properties } = await listener.message();
      assert.deepEqual([qos, payload.toString(), properties.get('contentType')], [2, 'gone', 'x']);
      assert.deepEqual(properties.list('userProperty'), [['b', '1']]);
    },
  },
  {
    id: '3.1.2-8',
    says: 'the will is published when the connection ends without DISCONNECT, after its delay or with the session, whichever is first',
    test: async (s) => {
      const [lost, first] = await pair(s);
      lost.drop();
      assert.equal((await first.message()).payload.toString(), 'gone');
      const properties = [['willDelay', 1]] as const;
      const [delayed, second] = await pair(
        s,
        { properties },
        { clientId: s.clientId('late'), properties: [['sessionExpiry', 60]] },
      );
      const dropped = performance.now();
      delayed.drop();
      await second.message();
      const waited = performance.now() - dropped;
      assert.ok(waited >= 900 && waited < 4_000, `the will came after ${Math.round(waited)} ms, not 1 s`);
      // The session ends with the connection, so the will does not wait.
      const [short, third] = await pair(
        s,
        { properties: [['willDelay', 30]] },
        { clientId: s.clientId('short') },
      );
      short.drop();
      await third.message();
    },
  },
  {
    id: '3.1.2-9',
    says: 'with the will flag there are will properties, topic and payload',
    test: async (s) => {
      await s.refused(c.connect({ clientId: s.clientId(), flags: 4 }), 5, 0x81, 0x82);
      const topicOnly = c.packet(
        0x10,
        c.connect({ clientId: s.clientId(), flags: 4 }).subarray(2),
        [0],
        c.text('t'),
      );
      await s.refused(topicOnly, 5, 0x81, 0x82);
    },
  },
  {
    id: '3.1.2-10',
    says: 'the will is forgotten once it was published, or with a normal DISCONNECT',
    test: async (s) => {
      const [client, listener] = await pair(s, {}, { properties: [['sessionExpiry', 60]] });
      client.drop();
      await listener.message();
      const again = await s.connect({
        clientId: s.clientId('dying'),
        clean: false,
        properties: [['sessionExpiry', 60]],
      });
      again.drop();
      await listener.none('publish', 300);
      const [leaving, second] = await pair(s, {}, { clientId: s.clientId('leaving') });
      await leaving.leave(0);
      await second.none('publish', 300);
    },
  },
  {
    id: '3.1.2-11',
    says: 'without the will flag the will QoS is 0',
    test: (s) => s.refused(c.connect({ clientId: s.clientId(), flags: 0x08 }), 5, 0x81, 0x82),
  },
  {
    id: '3.1.2-12',
    says: 'the will QoS is 0, 1 or 2',
    test: async (s) => {
      for (const qos of [0, 1, 2]) {
        const [client, listener] = await pair(s, { qos }, { clientId: s.clientId(`will${qos}`) });
        client.drop();
        assert.equal((await listener.message()).qos, qos);
      }
      await s.refused(
        c.connect({ clientId: s.clientId(), will: { topic: s.topic(), qos: 3 } }),
        5,
        0x81,
        0x82,
      );
    },
  },
  {
    id: '3.1.2-13',
    says: 'without the will flag will retain is 0',
    test: (s) => s.refused(c.connect({ clientId: s.clientId(), flags: 0x20 }), 5, 0x81, 0x82),
  },
  {
    id: '3.1.2-14',
    says: 'a will without will retain is not retained',
    test: async (s) => {
      const [client, listener] = await pair(s);
      client.drop();
      assert.equal((await listener.message()).retain, false);
      const late = await s.connect();
      await late.subscribe(s.topic());
      await late.none('publish', 200);
    },
  },
  {
    id: '3.1.2-15',
    says: 'a will with will retain is retained',
    test: async (s) => {
      const [client, listener] = await pair(s, { retain: true, qos: 1 });
      client.drop();
      assert.equal((await listener.message()).retain, true);
      const late = await s.connect();
      await late.subscribe(s.topic());
      assert.equal((await late.message()).retain, true);
    },
  },
  {
    id: '3.1.3-9',
    says: 'a client that is back before its will delay has passed has no will published',
    test: async (s) => {
      const fields = { clientId: s.clientId('back'), properties: [['sessionExpiry', 60]] } as const;
      const [client, listener] = await pair(s, { properties: [['willDelay', 1]] }, fields);
      client.drop();
      await delay(200);
      const again = await s.connect({ ...fields, clean: false });
      await listener.none('publish', 1_500);
      await again.ping();
    },
  },
  {
    id: '3.1.3-10',
    says: 'user properties of a will keep their order',
    test: async (s) => {
      const pairs = [
        ['b', '1'],
        ['a', '2'],
        ['10', '3'],
        ['b', '4'],
        ['1', ''],
      ] as const;
      const [client, listener] = await pair(s, {
        properties: pairs.map((one) => ['userProperty', one] as const),
      });
      client.drop();
      assert.deepEqual((await listener.message()).properties.list('userProperty'), pairs);
    },
  },
  {
    id: '3.1.3-11',
    says: 'the will topic is UTF-8',
    test: (s) =>
      s.refused(c.connect({ clientId: s.clientId(), will: { topic: Buffer.from([0xff]) } }), 5, 0x81, 0x90),
  },
];

import assert from 'node:assert/strict';
import * as c from '../wire/client-packet.ts';
import type { Statement } from './statement.ts';

const FOUR = { version: 4 } as const;

/** What MQTT 3.1.1 says and MQTT 5 does not, or says otherwise; its own numbering. */
export const version3: readonly Statement[] = [
  {
    id: '3.1.0-1 of 3.1.1',
    says: 'the first packet is CONNECT',
    test: async (s) => (await s.open(4)).send(c.pingreq).ended(),
  },
  {
    id: '3.1.0-2 of 3.1.1',
    says: 'a second CONNECT ends the connection, without a word',
    test: (s) => s.sentAway(c.connect({ ...FOUR, clientId: s.clientId() }), [], FOUR),
  },
  {
    id: '3.1.2-2 of 3.1.1',
    says: 'a protocol level that the server does not speak is answered by return code 1',
    test: async (s) => {
      for (const fields of [
        { protocolLevel: 2 },
        { protocolLevel: 0 },
        { protocolName: 'MQIsdp', protocolLevel: 4 },
      ]) {
        const peer = await s.open(4);
        assert.equal(
          (await peer.send(c.connect({ ...FOUR, clientId: s.clientId(), ...fields })).next()).reason,
          1,
        );
        await peer.ended();
      }
    },
  },
  {
    id: '3.1.2-22 of 3.1.1',
    says: 'without a user name there is no password',
    test: (s) => s.refused(c.connect({ ...FOUR, clientId: s.clientId(), password: 'x' }), 4),
  },
  {
    id: '3.1.3-6 of 3.1.1',
    says: 'an empty identifier with a clean session is taken',
    test: async (s) => {
      const [a, b] = [await s.connect({ ...FOUR, clientId: '' }), await s.connect({ ...FOUR, clientId: '' })];
      await a.ping();
      await b.ping();
    },
  },
  {
    id: '3.1.3-8 of 3.1.1',
    says: 'an empty identifier without a clean session is answered by return code 2',
    test: async (s) => {
      const peer = await s.open(4);
      assert.equal((await peer.send(c.connect({ ...FOUR, clientId: '', clean: false })).next()).reason, 2);
      await peer.ended();
    },
  },
  {
    id: '3.2.2-2 of 3.1.1',
    says: 'without a clean session, session present says whether there is one',
    test: async (s) => {
      const fields = { ...FOUR, clientId: s.clientId(), clean: false };
      const first = await s.connect(fields);
      assert.equal(first.connack?.sessionPresent, false);
      await first.subscribe(s.topic(), 1);
      await first.leave();
      await (await s.connect()).publish({ topic: s.topic(), payload: 'queued', qos: 1 });
      const again = await s.connect(fields);
      assert.equal(again.connack?.sessionPresent, true);
      assert.deepEqual(await again.payloads(1), ['queued']);
      await again.leave();
      assert.equal((await s.connect({ ...fields, clean: true })).connack?.sessionPresent, false);
    },
  },
  {
    id: '3.1.2-6 of 3.1.1',
    says: 'a clean session ends with its connection',
    test: async (s) => {
      const fields = { ...FOUR, clientId: s.clientId() };
      const a = await s.connect(fields);
      await a.subscribe(s.topic(), 1);
      await a.leave();
      assert.equal((await s.connect({ ...fields, clean: false })).connack?.sessionPresent, false);
    },
  },
  {
    id: '3.3.5-2 of 3.1.1',
    says: 'a PUBLISH that is not passed on is acknowledged all the same, or the connection is closed',
    test: async (s) => {
      const a = await s.connect(FOUR);
      a.send(c.publish({ ...FOUR, topic: `$SYS/${s.name}`, qos: 1, id: 5 }));
      if (await a.staysOpen(300)) assert.equal((await a.take('puback')).id, 5);
    },
  },
  {
    id: '3.8.3-4 of 3.1.1',
    says: 'the upper six bits of a requested QoS are 0, and QoS 3 does not exist',
    test: async (s) => {
      for (const options of [3, 4, 0x10, 0x80])
        await s.sentAway(c.subscribe(1, [[s.topic(), options]], 4), [], FOUR);
    },
  },
  {
    id: '3.8.4-3 of 3.1.1',
    says: 'a SUBSCRIBE with a filter that is there replaces it, and brings what is retained again',
    test: async (s) => {
      const a = await s.connect(FOUR);
      await a.publish({ topic: s.topic(), payload: 'kept', qos: 1, retain: true });
      await a.settled();
      for (const qos of [0, 1]) {
        assert.deepEqual(await a.subscribe(s.topic(), qos), [qos]);
        assert.deepEqual(await a.payloads(1), ['kept']);
      }
    },
  },
  {
    id: '3.9.3-2 of 3.1.1',
    says: 'SUBACK has 0, 1, 2 or 0x80 for each filter, in their order',
    test: async (s) => {
      const a = await s.connect(FOUR);
      assert.deepEqual(
        await a.subscribe([
          [s.topic('a'), 2],
          [s.topic('b'), 0],
          [s.topic('c'), 1],
        ]),
        [2, 0, 1],
      );
    },
  },
  {
    id: '3.11.0 of 3.1.1',
    says: 'UNSUBACK has a packet identifier and nothing else',
    test: async (s) => {
      const a = await s.connect(FOUR);
      const { id, bytes } = await a.send(c.unsubscribe(9, [s.topic()], 4)).take('unsuback');
      assert.deepEqual([id, bytes], [9, 4]);
    },
  },
  {
    id: '3.14.4-3 of 3.1.1',
    says: 'a DISCONNECT makes the will void, everything else does not',
    test: async (s) => {
      const listener = await s.connect(FOUR);
      await listener.subscribe(s.topic('+'), 1);
      const leaving = await s.connect({ ...FOUR, will: { topic: s.topic('void') } });
      await leaving.leave();
      const lost = await s.connect({ ...FOUR, will: { topic: s.topic('lost'), payload: 'lost' } });
      lost.drop();
      assert.deepEqual(await listener.payloads(1), ['lost']);
      const wrong = await s.connect({ ...FOUR, will: { topic: s.topic('wrong'), payload: 'wrong' } });
      await wrong.send(c.publish({ ...FOUR, topic: '#' })).ended();
      assert.deepEqual(await listener.payloads(1), ['wrong']);
    },
  },
  {
    id: '4.4.0-1 of 3.1.1',
    says: 'a session that goes on gets what it did not acknowledge',
    test: async (s) => {
      const fields = { ...FOUR, clientId: s.clientId(), clean: false };
      const a = await s.connect(fields);
      await a.subscribe(s.topic());
      const other = await s.connect(FOUR);
      for (const qos of [1, 2] as const) await other.publish({ topic: s.topic(), payload: `${qos}`, qos });
      const sent = [await a.take('publish'), await a.take('publish')].map(({ id }) => id);
      a.drop();
      const back = await s.connect(fields);
      const again = [await back.take('publish'), await back.take('publish')];
      assert.deepEqual(
        again.map(({ id }) => id),
        sent,
      );
      assert.ok(again.every(({ dup }) => dup));
    },
  },
  {
    id: '3.1 of 3.1',
    says: 'MQTT 3.1: MQIsdp and level 3, with publish and subscribe at each QoS',
    test: async (s) => {
      const a = await s.connect({ version: 3 });
      await a.subscribe(s.topic());
      for (const qos of [0, 1, 2] as const) {
        await a.publish({ topic: s.topic(), payload: `${qos}`, qos });
        assert.equal((await a.message()).qos, qos);
      }
    },
  },
  {
    id: '3.3 between versions',
    says: 'messages pass between clients of all versions; properties reach MQTT 5 only',
    test: async (s) => {
      const peers = [await s.connect({ version: 3 }), await s.connect(FOUR), await s.connect()];
      for (const peer of peers) await peer.subscribe(s.topic());
      for (const [index, from] of peers.entries()) {
        const properties = from.version === 5 ? ([['contentType', 'x']] as const) : undefined;
        await from.publish({
          topic: s.topic(),
          payload: `${index}`,
          qos: 2,
          ...(properties && { properties }),
        });
        for (const peer of peers) {
          const message = await peer.message();
          assert.equal(message.payload.toString(), `${index}`);
          assert.equal(
            message.properties.get('contentType'),
            peer.version === 5 && from.version === 5 ? 'x' : undefined,
          );
        }
      }
    },
  },
];

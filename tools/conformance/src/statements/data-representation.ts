import assert from 'node:assert/strict';
import * as c from '../wire/client-packet.ts';
import type { Statement } from './statement.ts';

const NOT_UTF8 = Buffer.from([0x61, 0xc3, 0x28]);
const SURROGATE = Buffer.from([0x61, 0xed, 0xa0, 0x80]);

/** Chapters 1.5 and 2: strings, numbers, fixed header, packet identifiers, property length. */
export const dataRepresentation: readonly Statement[] = [
  {
    id: '1.5.4-1',
    says: 'strings are UTF-8, without surrogates',
    test: async (s) => {
      for (const bad of [NOT_UTF8, SURROGATE]) {
        await s.sentAway(c.publish({ topic: bad }), [0x81]);
        await s.sentAway(c.subscribe(1, [[bad, 0]]), [0x81]);
        await s.refused(c.connect({ clientId: bad }), 5, 0x81);
      }
    },
  },
  {
    id: '1.5.4-2',
    says: 'strings have no U+0000',
    test: async (s) => {
      await s.sentAway(c.publish({ topic: 'a\0b' }), [0x81]);
      await s.sentAway(c.subscribe(1, [['a\0b', 0]]), [0x81]);
      await s.refused(c.connect({ clientId: 'a\0b' }), 5, 0x81);
    },
  },
  {
    id: '1.5.4-3',
    says: 'U+FEFF is a character like others and stays, also at the begin of a string',
    test: async (s) => {
      const a = await s.connect();
      const topic = `\uFEFF${s.topic('\uFEFFx')}`;
      await a.subscribe(topic);
      await a.publish({ topic, properties: [['contentType', '\uFEFFtext']] });
      const message = await a.message();
      assert.equal(message.topic, topic);
      assert.equal(message.properties.get('contentType'), '\uFEFFtext');
    },
  },
  {
    id: '1.5.5-1',
    says: 'a variable byte integer takes no more bytes than it needs',
    test: (s) => s.sentAway(Buffer.from([0xc0, 0x80, 0x00]), [0x81, 0x82]),
  },
  {
    id: '1.5.7-1',
    says: 'both strings of a user property are UTF-8',
    test: async (s) => {
      const pair = (name: Buffer, value: Buffer): Buffer =>
        c.packet(
          0x30,
          c.text('t'),
          c.variable(5 + name.length + value.length),
          [0x26],
          c.text(name),
          c.text(value),
        );
      await s.sentAway(pair(NOT_UTF8, Buffer.from('x')), [0x81]);
      await s.sentAway(pair(Buffer.from('x'), NOT_UTF8), [0x81]);
    },
  },
  {
    id: '2.1.3-1',
    says: 'reserved flags of the fixed header have the value they must have',
    test: async (s) => {
      await s.sentAway(Buffer.from([0xc1, 0]), [0x81]);
      await s.sentAway(Buffer.from([0xe4, 0]), [0x81]);
      await s.sentAway(c.packet(0x41, c.u16(1)), [0x81]);
      await s.refused(Buffer.from([0x11, ...c.connect({ clientId: 'x' }).subarray(1)]), 5);
    },
  },
  {
    id: '2.2.1-2',
    says: 'a PUBLISH at QoS 0 has no packet identifier: what stands in its place is payload',
    test: async (s) => {
      const a = await s.connect();
      await a.subscribe(s.topic());
      a.send(c.packet(0x30, c.text(s.topic()), [0], c.u16(7), Buffer.from('x')));
      const { payload, qos } = await a.message();
      assert.deepEqual([payload.toString('hex'), qos], ['000778', 0]);
    },
  },
  {
    id: '2.2.1-3',
    says: 'a packet identifier of a client is not 0',
    test: async (s) => {
      await s.sentAway(c.publish({ topic: s.topic(), qos: 1, id: 0 }), [0x81, 0x82]);
      await s.sentAway(c.subscribe(0, [[s.topic(), 0]]), [0x81, 0x82]);
      await s.sentAway(c.unsubscribe(0, [s.topic()]), [0x81, 0x82]);
    },
  },
  {
    id: '2.2.1-4',
    says: 'the server gives each message a packet identifier that is not in use, and not 0',
    test: async (s) => {
      const a = await s.connect();
      await a.subscribe(s.topic());
      const ids = new Set<number>();
      for (let n = 0; n < 10; n++) await a.publish({ topic: s.topic(), qos: 1 });
      for (let n = 0; n < 10; n++) ids.add((await a.take('publish')).id);
      assert.equal(ids.size, 10);
      assert.ok(!ids.has(0));
    },
  },
  {
    id: '2.2.1-5',
    says: 'PUBACK, PUBREC, PUBREL and PUBCOMP have the packet identifier of their PUBLISH',
    test: async (s) => {
      const a = await s.connect();
      a.send(c.publish({ topic: s.topic(), qos: 1, id: 65535 }));
      assert.equal((await a.take('puback')).id, 65535);
      a.send(c.publish({ topic: s.topic(), qos: 2, id: 256 }));
      assert.equal((await a.take('pubrec')).id, 256);
      a.send(c.pubrel(256));
      assert.equal((await a.take('pubcomp')).id, 256);
    },
  },
  {
    id: '2.2.1-6',
    says: 'SUBACK and UNSUBACK have the packet identifier of their request',
    test: async (s) => {
      const a = await s.connect();
      assert.equal((await a.send(c.subscribe(65535, [[s.topic(), 0]])).take('suback')).id, 65535);
      assert.equal((await a.send(c.unsubscribe(256, [s.topic()])).take('unsuback')).id, 256);
    },
  },
  {
    id: '2.2.2-1',
    says: 'without properties a property length of 0 stands there',
    test: async (s) => {
      await s.sentAway(c.packet(0x30, c.text('t')), [0x81, 0x82]);
      await s.sentAway(c.packet(0x82, c.u16(1)), [0x81, 0x82]);
      const a = await s.connect();
      await a.subscribe(s.topic());
      await a.publish({ topic: s.topic(), payload: 'x' });
      // Decoded strictly: without its length the payload would be taken for it.
      assert.equal((await a.message()).payload.toString(), 'x');
    },
  },
];

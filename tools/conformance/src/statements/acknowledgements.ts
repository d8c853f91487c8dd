import assert from 'node:assert/strict';
import * as c from '../wire/client-packet.ts';
import type { Statement } from './statement.ts';

/** 3.4 to 3.7 and 4.3: PUBACK, PUBREC, PUBREL, PUBCOMP and the two flows they make. */
export const acknowledgements: readonly Statement[] = [
  {
    id: '3.4.2-1',
    says: 'PUBACK has one of its reason codes (every one that any case gets is looked at)',
    test: async (s) => {
      const a = await s.connect();
      assert.ok([0, 0x10].includes(await a.publish({ topic: s.topic(), qos: 1 })));
      await a.subscribe(s.topic());
      await a.publish({ topic: s.topic(), qos: 1 });
      a.send(c.puback((await a.take('publish')).id, 0x80, [['reasonString', 'no']]));
      await a.ping();
      await s.sentAway(c.puback(1, 0x01), [0x81, 0x82]);
    },
  },
  {
    id: '3.5.2-1',
    says: 'PUBREC has one of its reason codes (every one that any case gets is looked at)',
    test: async (s) => {
      const a = await s.connect();
      assert.ok([0, 0x10].includes(await a.publish({ topic: s.topic(), qos: 2 })));
      await s.sentAway(c.pubrec(1, 0x92), [0x81, 0x82]);
    },
  },
  {
    id: '3.6.1-1',
    says: 'the flags of PUBREL are 0010',
    test: async (s) => {
      for (const first of [0x60, 0x61, 0x63, 0x6a]) await s.sentAway(c.packet(first, c.u16(1)), [0x81]);
    },
  },
  {
    id: '3.6.2-1',
    says: 'PUBREL has one of its reason codes (every one that any case gets is looked at)',
    test: (s) => s.sentAway(c.pubrel(1, 0x10), [0x81, 0x82]),
  },
  {
    id: '3.7.2-1',
    says: 'PUBCOMP has one of its reason codes: for an identifier that is not in use, 0x92',
    test: async (s) => {
      const a = await s.connect();
      const { id, reason } = await a.send(c.pubrel(77)).take('pubcomp');
      assert.deepEqual([id, reason], [77, 0x92]);
      await s.sentAway(c.pubcomp(1, 0x10), [0x81, 0x82]);
    },
  },
  {
    id: '4.3.1-1',
    says: 'QoS 0 is delivered at QoS 0 and without DUP',
    test: async (s) => {
      const a = await s.connect();
      await a.subscribe(s.topic());
      await a.publish({ topic: s.topic(), payload: 'x' });
      const { qos, dup } = await a.message();
      assert.deepEqual([qos, dup], [0, false]);
    },
  },
  {
    id: '4.3.2-1',
    says: 'QoS 1: each message has a packet identifier that is not in use',
    test: async (s) => {
      const a = await s.connect();
      await a.subscribe(s.topic(), 1);
      for (let n = 0; n < 5; n++) await a.publish({ topic: s.topic(), qos: 1 });
      const ids = new Set<number>();
      for (let n = 0; n < 5; n++) ids.add((await a.take('publish')).id);
      assert.equal(ids.size, 5);
    },
  },
  {
    id: '4.3.2-2',
    says: 'QoS 1 is delivered at QoS 1 and at first without DUP',
    test: async (s) => {
      const a = await s.connect();
      await a.subscribe(s.topic(), 1);
      await a.publish({ topic: s.topic(), qos: 1 });
      const { qos, dup } = await a.message();
      assert.deepEqual([qos, dup], [1, false]);
    },
  },
  {
    id: '4.3.2-4',
    says: 'QoS 1 is answered by PUBACK once the server is responsible for the message',
    test: async (s) => {
      const a = await s.connect();
      const b = await s.connect();
      await b.subscribe(s.topic(), 1);
      a.send(c.publish({ topic: s.topic(), payload: 'x', qos: 1, id: 500 }));
      assert.equal((await a.take('puback')).id, 500);
      a.drop();
      assert.deepEqual(await b.payloads(1), ['x']);
    },
  },
  {
    id: '4.3.2-5',
    says: 'after PUBACK the same packet identifier is a new message, whatever DUP says',
    test: async (s) => {
      const a = await s.connect();
      await a.subscribe(s.topic(), 1);
      for (const [payload, dup] of [
        ['one', false],
        ['two', true],
      ] as const) {
        a.send(c.publish({ topic: s.topic(), payload, qos: 1, id: 5, dup }));
        await a.take('puback');
      }
      assert.deepEqual(await a.payloads(2), ['one', 'two']);
    },
  },
  {
    id: '4.3.3-1',
    says: 'QoS 2: each message has a packet identifier that is not in use, until PUBCOMP',
    test: async (s) => {
      const a = await s.connect();
      await a.subscribe(s.topic());
      const b = await s.connect();
      const ids: number[] = [];
      for (let n = 0; n < 4; n++) {
        await b.publish({ topic: s.topic(), qos: 2 });
        const { id } = await a.take('publish');
        await a.send(c.pubrec(id)).take('pubrel');
        ids.push(id);
      }
      assert.equal(new Set(ids).size, 4);
    },
  },
  {
    id: '4.3.3-2',
    says: 'QoS 2 is delivered at QoS 2 and at first without DUP',
    test: async (s) => {
      const a = await s.connect();
      await a.subscribe(s.topic());
      await a.publish({ topic: s.topic(), qos: 2 });
      const { qos, dup } = await a.message();
      assert.deepEqual([qos, dup], [2, false]);
    },
  },
  {
    id: '4.3.3-4',
    says: 'PUBREC is answered by PUBREL with its packet identifier, if it does not refuse; also when it comes again',
    test: async (s) => {
      const a = await s.connect();
      await a.subscribe(s.topic());
      const b = await s.connect();
      await b.publish({ topic: s.topic(), qos: 2 });
      const { id } = await a.take('publish');
      for (let n = 0; n < 2; n++) assert.equal((await a.send(c.pubrec(id)).take('pubrel')).id, id);
      a.send(c.pubcomp(id));
      await b.publish({ topic: s.topic(), qos: 2 });
      a.send(c.pubrec((await a.take('publish')).id, 0x80));
      await a.none('pubrel', 100);
    },
  },
  {
    id: '4.3.3-8',
    says: 'QoS 2 is answered by PUBREC with its packet identifier',
    test: async (s) => {
      const a = await s.connect();
      assert.equal((await a.send(c.publish({ topic: s.topic(), qos: 2, id: 321 })).take('pubrec')).id, 321);
    },
  },
  {
    id: '4.3.3-9',
    says: 'after a PUBREC that refuses the same packet identifier is a new message',
    test: async (s) => {
      const a = await s.connect();
      await a.subscribe(s.topic());
      const { reason } = await a.send(c.publish({ topic: '$SYS/broker', qos: 2, id: 4 })).take('pubrec');
      if (reason < 0x80) await a.send(c.pubrel(4)).take('pubcomp');
      await a.send(c.publish({ topic: s.topic(), payload: 'new', qos: 2, id: 4 })).take('pubrec');
      await a.send(c.pubrel(4)).take('pubcomp');
      assert.deepEqual(await a.payloads(1), ['new']);
    },
  },
  {
    id: '4.3.3-10',
    says: 'until PUBREL the same packet identifier is the same message: PUBREC again, and one delivery',
    test: async (s) => {
      const b = await s.connect();
      await b.subscribe(s.topic());
      const a = await s.connect();
      for (const dup of [false, true, true]) {
        const { id } = await a
          .send(c.publish({ topic: s.topic(), payload: 'once', qos: 2, id: 3, dup }))
          .take('pubrec');
        assert.equal(id, 3);
      }
      await a.send(c.pubrel(3)).take('pubcomp');
      await a.publish({ topic: s.topic(), payload: 'marker', qos: 2 });
      assert.deepEqual(await b.payloads(2), ['once', 'marker']);
    },
  },
  {
    id: '4.3.3-11',
    says: 'PUBREL is answered by PUBCOMP with its packet identifier, also when it comes again',
    test: async (s) => {
      const a = await s.connect();
      await a.send(c.publish({ topic: s.topic(), qos: 2, id: 3 })).take('pubrec');
      for (let n = 0; n < 2; n++) assert.equal((await a.send(c.pubrel(3)).take('pubcomp')).id, 3);
    },
  },
  {
    id: '4.3.3-12',
    says: 'after PUBCOMP the same packet identifier is a new message',
    test: async (s) => {
      const a = await s.connect();
      await a.subscribe(s.topic());
      for (const payload of ['one', 'two']) {
        await a.send(c.publish({ topic: s.topic(), payload, qos: 2, id: 3 })).take('pubrec');
        await a.send(c.pubrel(3)).take('pubcomp');
      }
      assert.deepEqual(await a.payloads(2), ['one', 'two']);
    },
  },
];

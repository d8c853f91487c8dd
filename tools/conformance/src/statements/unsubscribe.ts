import assert from 'node:assert/strict';
import * as c from '../wire/client-packet.ts';
import type { Statement } from './statement.ts';

/** 3.10 and 3.11: UNSUBSCRIBE and its answer. */
export const unsubscribe: readonly Statement[] = [
  {
    id: '3.10.1-1',
    says: 'the flags of UNSUBSCRIBE are 0010',
    test: async (s) => {
      for (const first of [0xa0, 0xa1, 0xa3])
        await s.sentAway(c.packet(first, c.u16(1), [0], c.text(s.topic())), [0x81]);
    },
  },
  {
    id: '3.10.3-1',
    says: 'filters in an UNSUBSCRIBE are UTF-8',
    test: (s) => s.sentAway(c.unsubscribe(1, [Buffer.from([0x61, 0xff])]), [0x81, 0x8f]),
  },
  {
    id: '3.10.3-2',
    says: 'an UNSUBSCRIBE has a filter at least',
    test: (s) => s.sentAway(c.unsubscribe(1, []), [0x82, 0x81]),
  },
  {
    id: '3.10.4-1',
    says: 'an UNSUBSCRIBE ends the subscription with exactly this filter, and no other',
    test: async (s) => {
      const a = await s.connect();
      await a.subscribe([
        [s.topic('+'), 1],
        [s.topic('x'), 1],
      ]);
      assert.deepEqual(await a.unsubscribe(s.topic('#'), s.topic('X'), s.topic('x')), [0x11, 0x11, 0]);
      await a.publish({ topic: s.topic('x'), payload: 'by the wildcard', qos: 1 });
      assert.deepEqual(await a.payloads(1), ['by the wildcard']);
      await a.none('publish', 100);
    },
  },
  {
    id: '3.10.4-2',
    says: 'what is published after UNSUBACK is not delivered',
    test: async (s) => {
      const a = await s.connect();
      await a.subscribe(s.topic(), 1);
      await a.publish({ topic: s.topic(), payload: 'before', qos: 1 });
      assert.deepEqual(await a.payloads(1), ['before']);
      await a.unsubscribe(s.topic());
      await a.publish({ topic: s.topic(), payload: 'after', qos: 1 });
      await a.none('publish', 200);
    },
  },
  {
    id: '3.10.4-3',
    says: 'deliveries that have begun are finished after an UNSUBSCRIBE',
    test: async (s) => {
      const a = await s.connect();
      await a.subscribe(s.topic());
      await a.publish({ topic: s.topic(), payload: 'x', qos: 2 });
      const { id } = await a.take('publish');
      await a.unsubscribe(s.topic());
      assert.equal((await a.send(c.pubrec(id)).take('pubrel')).id, id);
      a.send(c.pubcomp(id));
      await a.ping();
    },
  },
  {
    id: '3.10.4-4',
    says: 'an UNSUBSCRIBE is answered by UNSUBACK',
    test: async (s) => {
      const a = await s.connect();
      await a.subscribe(s.topic());
      assert.deepEqual(await a.unsubscribe(s.topic()), [0]);
    },
  },
  {
    id: '3.10.4-5',
    says: 'UNSUBACK has the packet identifier of its request, and comes although no subscription ends',
    test: async (s) => {
      const a = await s.connect();
      const { id, reasons } = await a.send(c.unsubscribe(999, [s.topic()])).take('unsuback');
      assert.deepEqual([id, reasons], [999, [0x11]]);
    },
  },
  {
    id: '3.10.4-6',
    says: 'several filters in an UNSUBSCRIBE are as several with one answer',
    test: async (s) => {
      const a = await s.connect();
      await a.subscribe([
        [s.topic('x'), 1],
        [s.topic('y'), 1],
      ]);
      assert.deepEqual(await a.unsubscribe(s.topic('x'), s.topic('x'), s.topic('y')), [0, 0x11, 0]);
    },
  },
  {
    id: '3.11.3-1',
    says: 'the reason codes of UNSUBACK are in the order of the filters',
    test: async (s) => {
      const a = await s.connect();
      await a.subscribe([
        [s.topic('b'), 1],
        [s.topic('d'), 1],
      ]);
      assert.deepEqual(
        await a.unsubscribe(...['a', 'b', 'c', 'd'].map((level) => s.topic(level))),
        [0x11, 0, 0x11, 0],
      );
    },
  },
  {
    id: '3.11.3-2',
    says: 'each reason code of UNSUBACK is one of its own (every one that any case gets is looked at)',
    test: async (s) => {
      const reasons = await (await s.connect()).unsubscribe(s.topic());
      assert.deepEqual(reasons, [0x11]);
    },
  },
];

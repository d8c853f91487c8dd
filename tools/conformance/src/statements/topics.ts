import assert from 'node:assert/strict';
import * as c from '../wire/client-packet.ts';
import type { Statement } from './statement.ts';

/** A filter that is not valid ends the connection, or fails in SUBACK. */
const INVALID_FILTER = [0x8f, 0x81, 0x82] as const;

/** 4.7: topics and filters. */
export const topics: readonly Statement[] = [
  {
    id: '4.7.0-1',
    says: 'wildcards are for filters, not for topics',
    test: async (s) => {
      for (const topic of ['#', '+', s.topic('a/+/b')])
        await s.sentAway(c.publish({ topic }), [0x90, 0x81, 0x82]);
    },
  },
  {
    id: '4.7.1-1',
    says: '# is the whole last level',
    test: async (s) => {
      const a = await s.connect();
      assert.deepEqual(await a.subscribe(s.topic('deep/#'), 1), [1]);
      for (const level of ['deep', 'deep/', 'deep/x/y', 'other'])
        await a.publish({ topic: s.topic(level), payload: level, qos: 1 });
      assert.deepEqual(await a.payloads(3), ['deep', 'deep/', 'deep/x/y']);
      for (const bad of ['a#', 'a/#/b', '##', 'a/b#']) await invalid(s.topic(bad));
      async function invalid(filter: string): Promise<void> {
        await s.sentAway(c.subscribe(1, [[filter, 0]]), INVALID_FILTER);
      }
    },
  },
  {
    id: '4.7.1-2',
    says: '+ is a whole level, anywhere',
    test: async (s) => {
      const a = await s.connect();
      await a.subscribe([
        [s.topic('+/x'), 1],
        [s.topic('y/+'), 1],
        [`+/end${s.name}`, 1],
      ]);
      const sent = [
        s.topic('a/x'),
        s.topic('/x'),
        s.topic('a/b/x'),
        s.topic('y/'),
        s.topic('y'),
        `first/end${s.name}`,
      ];
      for (const topic of sent) await a.publish({ topic, payload: topic, qos: 1 });
      assert.deepEqual(await a.payloads(4), [sent[0], sent[1], sent[3], sent[5]]);
      for (const bad of ['a+', '+a', 'a/b+/c'])
        await s.sentAway(c.subscribe(1, [[s.topic(bad), 0]]), INVALID_FILTER);
    },
  },
  {
    id: '4.7.2-1',
    says: 'a filter that begins with a wildcard matches no topic that begins with $',
    test: async (s) => {
      const [plus, hash] = [await s.connect(), await s.connect()];
      await plus.subscribe(`+/${s.name}`, 1);
      await hash.subscribe('#', 0);
      const b = await s.connect();
      // A server may refuse to take it; that it does not pass it on is the point.
      b.send(c.publish({ topic: `$mine/${s.name}`, payload: 'dollar', qos: 1, id: 1 }));
      await b.staysOpen(100);
      await plus.publish({ topic: `mine/${s.name}`, payload: 'plain', qos: 1 });
      assert.deepEqual(await plus.payloads(1), ['plain']);
      await plus.none('publish');
      // It gets what all other cases publish, too.
      for (let topic = ''; topic !== `mine/${s.name}`; { topic } = await hash.message()) {
        assert.ok(!topic.startsWith('$'), topic);
      }
    },
  },
  {
    id: '4.7.3-1',
    says: 'topics and filters have a character at least',
    test: async (s) => {
      await s.sentAway(c.publish({ topic: '' }), [0x82, 0x90, 0x81]);
      await s.sentAway(c.subscribe(1, [['', 0]]), INVALID_FILTER);
      await s.sentAway(c.unsubscribe(1, ['']), INVALID_FILTER);
    },
  },
  {
    id: '4.7.3-2',
    says: 'topics and filters have no U+0000',
    test: async (s) => {
      await s.sentAway(c.publish({ topic: 'a\0' }), [0x81, 0x90]);
      await s.sentAway(c.subscribe(1, [['a\0', 0]]), INVALID_FILTER);
    },
  },
  {
    id: '4.7.3-3',
    says: 'topics and filters are as long as their two bytes of length say: 65,535 at most',
    test: async (s) => {
      const a = await s.connect();
      const topic = s.topic('x'.repeat(60_000));
      await a.subscribe(topic, 1);
      await a.publish({ topic, payload: 'long', qos: 1 });
      assert.equal((await a.message()).topic, topic);
    },
  },
  {
    id: '4.7.3-4',
    says: 'topics are compared as they are: case, spaces, empty levels and forms of Unicode count',
    test: async (s) => {
      const a = await s.connect();
      const own = s.topic('\u00e9/x');
      await a.subscribe(own, 1);
      const others = [
        s.topic('e\u0301/x'),
        s.topic('\u00c9/x'),
        s.topic('\u00e9/x/'),
        s.topic('\u00e9//x'),
        s.topic(' \u00e9/x'),
      ];
      for (const topic of [...others, own]) await a.publish({ topic, payload: topic, qos: 1 });
      assert.deepEqual(await a.payloads(1), [own]);
      await a.none('publish');
    },
  },
];

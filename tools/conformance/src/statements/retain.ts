import assert from 'node:assert/strict';
import * as c from '../wire/client-packet.ts';
import type { Peer } from './peer.ts';
import type { Scene } from './scene.ts';
import type { Statement } from './statement.ts';

/** What somebody who subscribes now is sent at once. */
async function kept(s: Scene, publisher: Peer, topic: string): Promise<string[]> {
  await publisher.settled();
  const late = await s.connect();
  await late.subscribe([
    [topic, 1],
    [s.topic('marker'), 1],
  ]);
  await late.publish({ topic: s.topic('marker'), payload: 'marker', qos: 1 });
  const seen: string[] = [];
  for (;;) {
    const message = await late.message();
    if (message.topic === s.topic('marker')) return seen;
    assert.equal(message.retain, true, 'a retained message has RETAIN');
    seen.push(message.payload.toString());
  }
}

/** 3.3.1.3 and 3.8.3.1: retained messages. */
export const retain: readonly Statement[] = [
  {
    id: '3.3.1-5',
    says: 'a PUBLISH with RETAIN replaces what is kept for its topic',
    test: async (s) => {
      const a = await s.connect();
      for (const [payload, qos] of [
        ['first', 1],
        ['second', 2],
        ['third', 1],
      ] as const) {
        await a.publish({ topic: s.topic(), payload, qos, retain: true });
        assert.deepEqual(await kept(s, a, s.topic()), [payload]);
      }
    },
  },
  {
    id: '3.3.1-6',
    says: 'an empty PUBLISH with RETAIN is delivered, and removes what is kept',
    test: async (s) => {
      const a = await s.connect();
      await a.publish({ topic: s.topic(), payload: 'first', qos: 1, retain: true });
      await a.settled();
      await a.subscribe(s.topic());
      assert.equal((await a.message()).payload.toString(), 'first');
      await a.publish({ topic: s.topic(), qos: 1, retain: true });
      assert.equal((await a.message()).payload.length, 0);
      assert.deepEqual(await kept(s, a, s.topic()), []);
    },
  },
  {
    id: '3.3.1-7',
    says: 'an empty message is not kept',
    test: async (s) => {
      const a = await s.connect();
      await a.publish({ topic: s.topic(), qos: 1, retain: true });
      assert.deepEqual(await kept(s, a, s.topic()), []);
    },
  },
  {
    id: '3.3.1-8',
    says: 'a PUBLISH without RETAIN leaves what is kept as it is',
    test: async (s) => {
      const a = await s.connect();
      await a.publish({ topic: s.topic('new'), payload: 'x', qos: 1 });
      assert.deepEqual(await kept(s, a, s.topic('new')), []);
      await a.publish({ topic: s.topic(), payload: 'kept', qos: 1, retain: true });
      await a.publish({ topic: s.topic(), payload: 'other', qos: 1 });
      await a.publish({ topic: s.topic(), qos: 1 });
      assert.deepEqual(await kept(s, a, s.topic()), ['kept']);
    },
  },
  {
    id: '3.3.1-9',
    says: 'Retain Handling 0: what is kept is sent at every SUBSCRIBE',
    test: async (s) => {
      const a = await s.connect();
      for (const level of ['x', 'y'])
        await a.publish({ topic: s.topic(level), payload: level, qos: 1, retain: true });
      await a.settled();
      for (let n = 0; n < 2; n++) {
        await a.subscribe(s.topic('+'), 1);
        assert.deepEqual((await a.payloads(2)).toSorted(), ['x', 'y']);
      }
      await a.none('publish');
    },
  },
  {
    id: '3.3.1-10',
    says: 'Retain Handling 1: what is kept is sent at a new subscription, and at no other',
    test: async (s) => {
      const a = await s.connect();
      await a.publish({ topic: s.topic(), payload: 'x', qos: 1, retain: true });
      await a.settled();
      await a.subscribe(s.topic(), 1 | c.SEND_RETAINED_IF_NEW);
      assert.deepEqual(await a.payloads(1), ['x']);
      await a.subscribe(s.topic(), 1 | c.SEND_RETAINED_IF_NEW);
      await a.none('publish', 200);
      await a.unsubscribe(s.topic());
      await a.subscribe(s.topic(), 1 | c.SEND_RETAINED_IF_NEW);
      assert.deepEqual(await a.payloads(1), ['x']);
    },
  },
  {
    id: '3.3.1-11',
    says: 'Retain Handling 2: what is kept is not sent',
    test: async (s) => {
      const a = await s.connect();
      await a.publish({ topic: s.topic(), payload: 'x', qos: 1, retain: true });
      await a.settled();
      await a.subscribe(s.topic(), 1 | c.SEND_NO_RETAINED);
      await a.none('publish', 200);
    },
  },
  {
    id: '3.3.1-12',
    says: 'without Retain As Published a message that is passed on has no RETAIN',
    test: async (s) => {
      const a = await s.connect();
      await a.subscribe(s.topic(), 1);
      for (const retain of [true, false]) {
        await a.publish({ topic: s.topic(), payload: 'x', qos: 1, retain });
        assert.equal((await a.message()).retain, false);
      }
    },
  },
  {
    id: '3.3.1-13',
    says: 'with Retain As Published a message that is passed on has the RETAIN it came with',
    test: async (s) => {
      const a = await s.connect();
      await a.subscribe(s.topic(), 1 | c.RETAIN_AS_PUBLISHED);
      for (const retain of [true, false]) {
        await a.publish({ topic: s.topic(), payload: 'x', qos: 1, retain });
        assert.equal((await a.message()).retain, retain);
      }
    },
  },
];

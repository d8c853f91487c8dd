import assert from 'node:assert/strict';
import * as c from '../wire/client-packet.ts';
import type { Statement } from './statement.ts';

/** 3.3.4, 4.6 and 4.9: how many, and in which order. */
export const flow: readonly Statement[] = [
  {
    id: '3.3.4-7',
    says: "a client that has more unacknowledged than the server's Receive Maximum is sent away",
    test: async (s) => {
      const a = await s.connect();
      const most = Number(a.connack?.properties.get('receiveMaximum') ?? 65_535);
      // QoS 2 without PUBREL stays unacknowledged.
      a.send(...Array.from({ length: most }, (_, n) => c.publish({ topic: s.topic(), qos: 2, id: n + 1 })));
      for (let n = 0; n < most; n++) assert.ok((await a.take('pubrec')).reason < 0x80);
      await a.send(c.publish({ topic: s.topic(), qos: 2, id: most + 1 })).ended(0x93);
    },
  },
  {
    id: '3.3.4-9',
    says: "the server has no more unacknowledged than the client's Receive Maximum",
    test: async (s) => {
      const a = await s.connect({ properties: [['receiveMaximum', 2]] });
      await a.subscribe(s.topic());
      const b = await s.connect();
      for (let n = 0; n < 5; n++) await b.publish({ topic: s.topic(), payload: `${n}`, qos: 1 });
      const [first, second] = [await a.take('publish'), await a.take('publish')];
      await a.none('publish', 300);
      a.send(c.puback(second.id));
      const third = await a.take('publish');
      await a.none('publish', 100);
      a.send(c.puback(first.id), c.puback(third.id));
      assert.deepEqual(await a.payloads(2), ['3', '4']);
    },
  },
  {
    id: '3.3.4-10',
    says: 'other packets do not wait although Receive Maximum is used up',
    test: async (s) => {
      const a = await s.connect({ properties: [['receiveMaximum', 1]] });
      await a.subscribe(s.topic());
      const b = await s.connect();
      for (let n = 0; n < 3; n++) await b.publish({ topic: s.topic(), qos: 1 });
      await a.take('publish');
      await a.ping();
      assert.deepEqual(await a.subscribe(s.topic('x')), [2]);
      assert.deepEqual(await a.unsubscribe(s.topic('x')), [0]);
      await a.publish({ topic: s.topic('y'), qos: 2 });
    },
  },
  {
    id: '4.6.0-5',
    says: 'messages of one client for one topic and QoS come in their order',
    test: async (s) => {
      const a = await s.connect();
      await a.subscribe(s.topic('#'));
      const b = await s.connect();
      const sent = Array.from({ length: 60 }, (_, n) => n);
      // Within the Receive Maximum that any target announces.
      b.send(
        ...sent.map((n) =>
          c.publish({ topic: s.topic(`q${n % 3}`), payload: `${n}`, qos: n % 3, id: n + 1 }),
        ),
      );
      const releasing = (async () => {
        for (let n = 2; n < 60; n += 3) {
          const { id } = await b.take('pubrec');
          b.send(c.pubrel(id));
        }
      })();
      const seen: (readonly [string, number])[] = [];
      while (seen.length < sent.length) {
        const { topic, payload } = await a.message();
        seen.push([topic, Number(payload.toString())]);
      }
      await releasing;
      for (const qos of [0, 1, 2]) {
        const own = seen.filter(([topic]) => topic === s.topic(`q${qos}`)).map(([, n]) => n);
        assert.deepEqual(
          own,
          sent.filter((n) => n % 3 === qos),
          `QoS ${qos}`,
        );
      }
    },
  },
  {
    id: '4.6.0-6',
    says: 'every topic is ordered, without anybody asking for it',
    test: async (s) => {
      const [a, b] = [await s.connect(), await s.connect()];
      await a.subscribe(s.topic('#'), 1);
      b.send(
        ...Array.from({ length: 40 }, (_, n) =>
          c.publish({ topic: s.topic(), payload: `${n}`, qos: 1, id: n + 1 }),
        ),
      );
      assert.deepEqual(
        await a.payloads(40),
        Array.from({ length: 40 }, (_, n) => `${n}`),
      );
    },
  },
  {
    id: '4.9.0-1',
    says: "the server's quota begins at the client's Receive Maximum at most, and above 0",
    test: async (s) => {
      for (const most of [1, 3]) {
        const a = await s.connect({ properties: [['receiveMaximum', most]] });
        await a.subscribe(s.topic(`${most}`));
        const b = await s.connect();
        for (let n = 0; n < 5; n++) await b.publish({ topic: s.topic(`${most}`), qos: 2 });
        for (let n = 0; n < most; n++) await a.take('publish');
        await a.none('publish', 200);
      }
    },
  },
  {
    id: '4.9.0-2',
    says: 'at a quota of 0 no PUBLISH above QoS 0 is sent; PUBREC alone gives none back, PUBCOMP and a PUBREC that refuses do',
    test: async (s) => {
      const a = await s.connect({ properties: [['receiveMaximum', 1]] });
      await a.subscribe(s.topic());
      const b = await s.connect();
      for (const payload of ['one', 'two', 'three']) await b.publish({ topic: s.topic(), payload, qos: 2 });
      await b.publish({ topic: s.topic(), payload: 'free', qos: 0 });
      const one = await a.take('publish');
      const { payload } = await a.take('publish');
      assert.equal(payload.toString(), 'free', 'QoS 0 does not count');
      await a.send(c.pubrec(one.id)).take('pubrel');
      await a.none('publish', 200);
      const two = await a.send(c.pubcomp(one.id)).take('publish');
      assert.equal(two.payload.toString(), 'two');
      assert.equal((await a.send(c.pubrec(two.id, 0x80)).take('publish')).payload.toString(), 'three');
    },
  },
  {
    id: '4.9.0-3',
    says: 'at a quota of 0 all other packets are processed and answered',
    test: async (s) => {
      const a = await s.connect({ properties: [['receiveMaximum', 1]] });
      await a.subscribe(s.topic());
      const b = await s.connect();
      for (let n = 0; n < 2; n++) await b.publish({ topic: s.topic(), qos: 2 });
      const { id } = await a.take('publish');
      await a.ping();
      await a.send(c.pubrec(id)).take('pubrel');
      await a.publish({ topic: s.topic('other'), qos: 1 });
      await a.ping();
    },
  },
];

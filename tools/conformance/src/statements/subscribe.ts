import assert from 'node:assert/strict';
import * as c from '../wire/client-packet.ts';
import type { Statement } from './statement.ts';

const INVALID = Buffer.from([0x61, 0xff]);

/** 3.8, 3.9 and 3.3.4: SUBSCRIBE, its answer, and what subscriptions that overlap bring. */
export const subscribe: readonly Statement[] = [
  {
    id: '3.8.1-1',
    says: 'the flags of SUBSCRIBE are 0010',
    test: async (s) => {
      for (const first of [0x80, 0x81, 0x83, 0x8a]) {
        await s.sentAway(c.packet(first, c.u16(1), [0], c.text(s.topic()), [0]), [0x81]);
      }
    },
  },
  {
    id: '3.8.3-1',
    says: 'topic filters are UTF-8',
    test: (s) => s.sentAway(c.subscribe(1, [[INVALID, 0]]), [0x81, 0x8f]),
  },
  {
    id: '3.8.3-2',
    says: 'a SUBSCRIBE has a filter at least, and options behind each',
    test: async (s) => {
      await s.sentAway(c.subscribe(1, []), [0x82, 0x81]);
      await s.sentAway(c.packet(0x82, c.u16(1), [0], c.text(s.topic())), [0x81, 0x82]);
    },
  },
  {
    id: '3.8.3-3',
    says: 'No Local: what a client publishes does not come back to it',
    test: async (s) => {
      const a = await s.connect();
      const b = await s.connect();
      for (const peer of [a, b]) await peer.subscribe(s.topic(), 2 | c.NO_LOCAL);
      await a.publish({ topic: s.topic(), payload: 'own', qos: 1 });
      assert.deepEqual(await b.payloads(1), ['own']);
      await b.publish({ topic: s.topic(), payload: 'other', qos: 1 });
      assert.deepEqual(await a.payloads(1), ['other']);
    },
  },
  {
    id: '3.8.3-4',
    says: 'No Local on a shared subscription is a protocol error',
    test: (s) => s.sentAway(c.subscribe(1, [[`$share/g/${s.topic()}`, 1 | c.NO_LOCAL]]), [0x82]),
  },
  {
    id: '3.8.3-5',
    says: 'reserved bits of the options are 0',
    test: async (s) => {
      for (const options of [0x40, 0x80, 0xc1, 3, 0x30])
        await s.sentAway(c.subscribe(1, [[s.topic(), options]]), [0x81, 0x82]);
    },
  },
  {
    id: '3.8.4-1',
    says: 'a SUBSCRIBE is answered by SUBACK',
    test: async (s) => {
      assert.deepEqual(await (await s.connect()).subscribe(s.topic()), [2]);
    },
  },
  {
    id: '3.8.4-2',
    says: 'SUBACK has the packet identifier of its SUBSCRIBE',
    test: async (s) => {
      const a = await s.connect();
      a.send(c.subscribe(7, [[s.topic('x'), 0]]), c.subscribe(3, [[s.topic('y'), 0]]));
      assert.deepEqual([(await a.take('suback')).id, (await a.take('suback')).id].toSorted(), [3, 7]);
    },
  },
  {
    id: '3.8.4-3',
    says: 'a SUBSCRIBE with a filter that is there replaces that subscription',
    test: async (s) => {
      const a = await s.connect();
      await a.subscribe(s.topic(), 0, [['subscriptionIdentifier', 1]]);
      assert.deepEqual(await a.subscribe(s.topic(), 2, [['subscriptionIdentifier', 2]]), [2]);
      await a.publish({ topic: s.topic(), payload: 'x', qos: 2 });
      const { qos, properties } = await a.message();
      assert.deepEqual([qos, properties.list('subscriptionIdentifier')], [2, [2]]);
      await a.none('publish', 100);
    },
  },
  {
    id: '3.8.4-4',
    says: 'a subscription that is replaced brings what is retained again, and loses nothing',
    test: async (s) => {
      const a = await s.connect();
      const b = await s.connect();
      await b.publish({ topic: s.topic('kept'), payload: 'kept', qos: 1, retain: true });
      await b.settled();
      await a.subscribe(s.topic('#'), 1);
      assert.deepEqual(await a.payloads(1), ['kept']);
      const sent = Array.from({ length: 30 }, (_, n) => `${n}`);
      const publishing = (async () => {
        for (const payload of sent) await b.publish({ topic: s.topic('x'), payload, qos: 1 });
      })();
      for (let n = 0; n < 3; n++) await a.subscribe(s.topic('#'), 1);
      await publishing;
      const seen = await a.payloads(33);
      assert.deepEqual(
        seen.filter((payload) => payload !== 'kept'),
        sent,
      );
    },
  },
  {
    id: '3.8.4-5',
    says: 'several filters in a SUBSCRIBE are as several SUBSCRIBEs with one answer',
    test: async (s) => {
      const a = await s.connect();
      assert.deepEqual(
        await a.subscribe([
          [s.topic('x'), 0],
          [s.topic('y'), 1],
          [s.topic('x'), 2],
        ]),
        [0, 1, 2],
      );
      await a.publish({ topic: s.topic('x'), qos: 2 });
      assert.equal((await a.message()).qos, 2);
      await a.none('publish', 100);
    },
  },
  {
    id: '3.8.4-6',
    says: 'SUBACK has a reason code for each filter',
    test: async (s) => {
      const filters = Array.from({ length: 20 }, (_, n) => [s.topic(`${n}/#`), n % 3] as const);
      const reasons = await (await s.connect()).subscribe(filters);
      assert.deepEqual(
        reasons,
        filters.map(([, qos]) => qos),
      );
    },
  },
  {
    id: '3.8.4-7',
    says: 'each reason code of SUBACK is the QoS granted, or says that it failed',
    test: async (s) => {
      for (const qos of [0, 1, 2])
        assert.deepEqual(await (await s.connect()).subscribe(s.topic(), qos), [qos]);
    },
  },
  {
    id: '3.8.4-8',
    says: 'a delivery has the QoS of the message or that of the subscription, the smaller',
    test: async (s) => {
      for (const granted of [0, 1, 2]) {
        const a = await s.connect();
        await a.subscribe(s.topic(`granted${granted}`), granted);
        for (const qos of [0, 1, 2] as const) {
          await a.publish({ topic: s.topic(`granted${granted}`), qos });
          assert.equal((await a.message()).qos, Math.min(qos, granted));
        }
      }
    },
  },
  {
    id: '3.9.3-1',
    says: 'the reason codes of SUBACK are in the order of the filters',
    test: async (s) => {
      const filters = [2, 0, 1, 1, 0, 2].map((qos, n) => [s.topic(`${n}`), qos] as const);
      assert.deepEqual(await (await s.connect()).subscribe(filters), [2, 0, 1, 1, 0, 2]);
    },
  },
  {
    id: '3.9.3-2',
    says: 'each reason code of SUBACK is one of its own (every one that any case gets is looked at)',
    test: async (s) => {
      const [reason] = await (await s.connect()).subscribe('test/nosubscribe', 0);
      assert.ok(reason === 0 || (reason ?? 0) >= 0x80);
    },
  },
  {
    id: '3.3.4-2',
    says: 'where subscriptions overlap the highest QoS of those that match counts',
    test: async (s) => {
      const a = await s.connect();
      await a.subscribe([
        [s.topic('#'), 0],
        [s.topic('+'), 2],
        [s.topic('x'), 1],
      ]);
      await a.publish({ topic: s.topic('x'), qos: 2 });
      const seen = [await a.message()];
      // A server may send a copy for each, or one.
      if (s.target.kind === 'mosquitto') seen.push(await a.message(), await a.message());
      assert.equal(Math.max(...seen.map(({ qos }) => qos)), 2);
      await a.none('publish', 100);
    },
  },
  {
    id: '3.3.4-3',
    says: 'Subscription Identifiers of the subscriptions that match are in the message',
    test: async (s) => {
      const a = await s.connect();
      await a.subscribe(s.topic('x'), 1, [['subscriptionIdentifier', 268_435_455]]);
      await a.subscribe(s.topic('y'), 1);
      await a.publish({ topic: s.topic('x'), qos: 1 });
      assert.deepEqual((await a.message()).properties.list('subscriptionIdentifier'), [268_435_455]);
      await a.publish({ topic: s.topic('y'), qos: 1 });
      assert.deepEqual((await a.message()).properties.list('subscriptionIdentifier'), []);
    },
  },
  {
    id: '3.3.4-4',
    says: 'a single copy has the Subscription Identifiers of all subscriptions that match',
    test: async (s) => {
      const a = await s.connect();
      await a.subscribe(s.topic('#'), 1, [['subscriptionIdentifier', 1]]);
      await a.subscribe(s.topic('+'), 1, [['subscriptionIdentifier', 200]]);
      await a.subscribe(s.topic('x'), 1);
      await a.publish({ topic: s.topic('x'), qos: 1 });
      const copies = s.target.kind === 'mosquitto' ? 3 : 1;
      const ids: unknown[] = [];
      for (let n = 0; n < copies; n++)
        ids.push(...(await a.message()).properties.list('subscriptionIdentifier'));
      assert.deepEqual(
        ids.map(Number).toSorted((x, y) => x - y),
        [1, 200],
      );
    },
  },
];

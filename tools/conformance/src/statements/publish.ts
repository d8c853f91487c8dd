import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import * as c from '../wire/client-packet.ts';
import type { Properties } from '../wire/property.ts';
import type { Statement } from './statement.ts';

/** 3.3: PUBLISH, without RETAIN (retain.ts) and flow control (flow.ts). */
export const publish: readonly Statement[] = [
  {
    id: '3.3.1-2',
    says: 'a QoS 0 message has no DUP',
    test: async (s) => {
      await s.sentAway(c.publish({ topic: s.topic(), dup: true }), [0x81, 0x82]);
      const a = await s.connect();
      await a.subscribe(s.topic());
      await a.publish({ topic: s.topic() });
      assert.equal((await a.message()).dup, false);
    },
  },
  {
    id: '3.3.1-3',
    says: 'the DUP of a delivery has nothing to do with that of the PUBLISH',
    test: async (s) => {
      const a = await s.connect();
      await a.subscribe(s.topic());
      a.send(c.publish({ topic: s.topic(), qos: 1, id: 9, dup: true }));
      assert.equal((await a.message()).dup, false);
    },
  },
  {
    id: '3.3.1-4',
    says: 'QoS 3 does not exist',
    test: (s) => s.sentAway(c.publish({ topic: s.topic(), qos: 3 }), [0x81]),
  },
  {
    id: '3.3.2-1',
    says: 'a PUBLISH begins with its topic, which is UTF-8',
    test: async (s) => {
      await s.sentAway(c.packet(0x30), [0x81]);
      await s.sentAway(c.packet(0x30, [0, 9, 0x61]), [0x81]);
      await s.sentAway(c.publish({ topic: Buffer.from([0xff]) }), [0x81, 0x90]);
    },
  },
  {
    id: '3.3.2-2',
    says: 'a topic has no wildcards',
    test: async (s) => {
      for (const topic of [s.topic('#'), s.topic('+/x'), s.topic('x+')])
        await s.sentAway(c.publish({ topic }), [0x90, 0x81, 0x82]);
    },
  },
  {
    id: '3.3.2-3',
    says: 'the topic of a delivery matches the filter, and is the one that was published',
    test: async (s) => {
      const a = await s.connect();
      await a.subscribe(s.topic('+/x/#'));
      for (const topic of [s.topic('a/x'), s.topic('a/y'), s.topic('/x/b/c'), s.topic('a/x/')])
        await a.publish({ topic, qos: 1 });
      const seen = [await a.message(), await a.message(), await a.message()].map(({ topic }) => topic);
      assert.deepEqual(seen, [s.topic('a/x'), s.topic('/x/b/c'), s.topic('a/x/')]);
      await a.none('publish');
    },
  },
  unaltered('3.3.2-4', 'the Payload Format Indicator arrives as it was sent', [
    [['payloadFormat', 1]],
    [['payloadFormat', 0]],
  ]),
  {
    id: '3.3.2-5',
    says: 'a message that expires before its delivery has begun is not delivered',
    test: async (s) => {
      const fields = { clientId: s.clientId(), clean: false, properties: [['sessionExpiry', 60]] } as const;
      const a = await s.connect(fields);
      await a.subscribe(s.topic());
      await a.leave();
      const other = await s.connect();
      await other.publish({ topic: s.topic(), payload: 'short', qos: 1, properties: [['messageExpiry', 1]] });
      await other.publish({ topic: s.topic(), payload: 'long', qos: 1, properties: [['messageExpiry', 60]] });
      await other.publish({
        topic: s.topic('kept'),
        payload: 'short',
        qos: 1,
        retain: true,
        properties: [['messageExpiry', 1]],
      });
      await delay(2_200);
      const back = await s.connect(fields);
      assert.deepEqual(await back.payloads(1), ['long']);
      await back.subscribe(s.topic('kept'));
      await back.none('publish', 300);
    },
  },
  {
    id: '3.3.2-6',
    says: 'the Message Expiry Interval of a delivery is what is left of it',
    test: async (s) => {
      const fields = { clientId: s.clientId(), clean: false, properties: [['sessionExpiry', 60]] } as const;
      const a = await s.connect(fields);
      await a.subscribe(s.topic());
      await a.leave();
      const other = await s.connect();
      await other.publish({ topic: s.topic(), qos: 1, properties: [['messageExpiry', 30]] });
      await delay(2_100);
      const left = (await (await s.connect(fields)).message()).properties.get('messageExpiry');
      assert.ok(
        typeof left === 'number' && left >= 26 && left <= 28,
        `${String(left)} of 30 s are left after 2`,
      );
    },
  },
  {
    id: '3.3.2-7',
    says: 'topic aliases do not outlive their connection',
    test: async (s) => {
      const fields = { clientId: s.clientId(), clean: false, properties: [['sessionExpiry', 60]] } as const;
      const a = await s.connect(fields);
      await a.publish({ topic: s.topic(), qos: 1, properties: [['topicAlias', 1]] });
      await a.leave();
      const b = await s.connect(fields);
      await b
        .send(c.publish({ topic: '', qos: 1, id: 9, properties: [['topicAlias', 1]] }))
        .ended(0x82, 0x94);
    },
  },
  {
    id: '3.3.2-8',
    says: 'a topic alias is not 0',
    test: (s) => s.sentAway(c.publish({ topic: s.topic(), properties: [['topicAlias', 0]] }), [0x94]),
  },
  {
    id: '3.3.2-11',
    says: "an alias of the server is at most the client's Topic Alias Maximum, and stands for one topic",
    test: async (s) => {
      const a = await s.connect({ properties: [['topicAliasMaximum', 1]] });
      await a.subscribe(s.topic('#'));
      const topics = ['one/long', 'one/long', 'two/long', 'one/long', 'two/long', 'two/long'].map((level) =>
        s.topic(level),
      );
      for (const topic of topics) await a.publish({ topic, qos: 1 });
      const aliases = new Map<unknown, string>();
      const seen: string[] = [];
      for (const _ of topics) {
        const { topic, properties } = await a.message();
        const alias = properties.get('topicAlias');
        assert.ok(alias === undefined || alias === 1);
        if (alias !== undefined && topic !== '') aliases.set(alias, topic);
        seen.push(topic === '' ? (aliases.get(alias) ?? 'an alias without a topic') : topic);
      }
      assert.deepEqual(seen, topics);
    },
  },
  {
    id: '3.3.2-12',
    says: 'every alias from 1 to the Topic Alias Maximum of CONNACK is taken, and none above',
    test: async (s) => {
      const a = await s.connect();
      const most = Number(a.connack?.properties.get('topicAliasMaximum') ?? 0);
      assert.ok(most > 0);
      await a.subscribe(s.topic('#'));
      for (const alias of [1, most]) {
        const properties = [['topicAlias', alias]] as const;
        await a.publish({ topic: s.topic(`alias/${alias}`), properties, payload: 'first', qos: 1 });
        await a.publish({ topic: '', properties, payload: 'second', qos: 1 });
        for (const payload of ['first', 'second']) {
          const message = await a.message();
          assert.deepEqual([message.topic, message.payload.toString()], [s.topic(`alias/${alias}`), payload]);
        }
      }
      await a.send(c.publish({ topic: s.topic(), properties: [['topicAlias', most + 1]] })).ended(0x94);
    },
  },
  {
    id: '3.3.2-13',
    says: 'a Response Topic is UTF-8',
    test: (s) =>
      s.sentAway(
        c.publish({ topic: s.topic(), properties: [['responseTopic', Buffer.from([0xff])]] }),
        [0x81],
      ),
  },
  {
    id: '3.3.2-14',
    says: 'a Response Topic has no wildcards',
    test: (s) =>
      s.sentAway(c.publish({ topic: s.topic(), properties: [['responseTopic', 'a/#']] }), [0x90, 0x81, 0x82]),
  },
  unaltered('3.3.2-15', 'the Response Topic arrives as it was sent', [
    [['responseTopic', 'antwort/\u00e4/\uFEFF']],
  ]),
  unaltered('3.3.2-16', 'the Correlation Data arrives as it was sent', [
    [['correlationData', Buffer.from([0, 255, 0, 1, 0xc3])]],
    [['correlationData', Buffer.alloc(0)]],
  ]),
  unaltered('3.3.2-17', 'all User Properties arrive as they were sent', [
    [['userProperty', ['name', 'value']]],
    [
      ['userProperty', ['', '']],
      ['userProperty', ['__proto__', 'x']],
    ],
  ]),
  unaltered('3.3.2-18', 'User Properties arrive in their order', [
    [
      ['userProperty', ['b', '1']],
      ['userProperty', ['10', '2']],
      ['userProperty', ['1', '3']],
      ['userProperty', ['b', '4']],
      ['userProperty', ['a', '']],
    ],
  ]),
  {
    id: '3.3.2-19',
    says: 'a Content Type is UTF-8',
    test: (s) =>
      s.sentAway(c.publish({ topic: s.topic(), properties: [['contentType', Buffer.from([0xff])]] }), [0x81]),
  },
  unaltered('3.3.2-20', 'the Content Type arrives as it was sent', [
    [['contentType', 'application/x-\u00fc']],
  ]),
  {
    id: '3.3.4-1',
    says: 'a PUBLISH is answered as its QoS asks',
    test: async (s) => {
      const a = await s.connect();
      await a.publish({ topic: s.topic(), qos: 0 });
      await a.none('puback');
      await a.publish({ topic: s.topic(), qos: 1 });
      await a.publish({ topic: s.topic(), qos: 2 });
    },
  },
  {
    id: '3.3.4-6',
    says: 'a PUBLISH of a client has no Subscription Identifier',
    test: (s) =>
      s.sentAway(c.publish({ topic: s.topic(), properties: [['subscriptionIdentifier', 1]] }), [0x82, 0x81]),
  },
];

/** Properties that subscribers get as they were sent, also when the message was retained. */
function unaltered(id: string, says: string, cases: readonly Properties[]): Statement {
  return {
    id,
    says,
    test: async (s) => {
      const a = await s.connect();
      await a.subscribe(s.topic('#'));
      for (const [index, properties] of cases.entries()) {
        const topic = s.topic(`kept/${index}`);
        await a.publish({ topic, payload: 'x', qos: 1, retain: true, properties });
        const late = await s.connect();
        await late.subscribe(topic);
        for (const peer of [a, late]) assert.deepEqual((await peer.message()).properties.all, properties);
      }
    },
  };
}

import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import * as c from '../wire/client-packet.ts';
import type { Statement } from './statement.ts';

const KEPT = [['sessionExpiry', 60]] as const;

/** 3.1.2.4, 4.1, 4.4, 4.5: sessions, what they keep, and what is sent again. */
export const sessions: readonly Statement[] = [
  {
    id: '3.1.2-4',
    says: 'a clean start ends the session there was',
    test: async (s) => {
      const fields = { clientId: s.clientId(), properties: KEPT } as const;
      const a = await s.connect(fields);
      await a.subscribe(s.topic());
      await a.leave();
      const other = await s.connect();
      await other.publish({ topic: s.topic(), payload: 'queued', qos: 1 });
      const anew = await s.connect({ ...fields, clean: true });
      await other.publish({ topic: s.topic(), payload: 'later', qos: 1 });
      await anew.none('publish', 300);
    },
  },
  {
    id: '3.1.2-5',
    says: 'without a clean start the session goes on: subscriptions, and what came for it',
    test: async (s) => {
      const fields = { clientId: s.clientId(), clean: false, properties: KEPT } as const;
      const a = await s.connect(fields);
      await a.subscribe(s.topic('#'));
      a.drop();
      const other = await s.connect();
      for (const qos of [1, 2] as const)
        await other.publish({ topic: s.topic(`q${qos}`), payload: `away ${qos}`, qos });
      const back = await s.connect(fields);
      assert.equal(back.connack?.sessionPresent, true);
      assert.deepEqual(await back.payloads(2), ['away 1', 'away 2']);
      await other.publish({ topic: s.topic('x'), payload: 'here', qos: 1 });
      assert.deepEqual(await back.payloads(1), ['here']);
    },
  },
  {
    id: '3.1.2-6',
    says: 'without a session there is a new one',
    test: async (s) => {
      const a = await s.connect({ clientId: s.clientId(), clean: false });
      assert.equal(a.connack?.sessionPresent, false);
      await a.subscribe(s.topic());
      await a.publish({ topic: s.topic(), payload: 'x' });
      assert.deepEqual(await a.payloads(1), ['x']);
    },
  },
  {
    id: '3.1.2-23',
    says: 'a session with an expiry above 0 is kept after its connection; DISCONNECT may change the expiry, but not from 0',
    test: async (s) => {
      const a = await s.connect({ clientId: s.clientId(), properties: KEPT });
      await a.leave();
      const b = await s.connect({ clientId: s.clientId(), clean: false, properties: KEPT });
      assert.equal(b.connack?.sessionPresent, true);
      await b.leave(0, [['sessionExpiry', 0]]);
      const third = await s.connect({ clientId: s.clientId(), clean: false });
      assert.equal(third.connack?.sessionPresent, false);
      await third.send(c.disconnect(0, [['sessionExpiry', 60]])).ended(0x82);
    },
  },
  {
    id: '4.1.0-1',
    says: 'a session lasts at least as long as its connection, whatever its expiry',
    test: async (s) => {
      const a = await s.connect({ properties: [['sessionExpiry', 1]] });
      await a.subscribe(s.topic());
      await delay(1_500);
      await a.publish({ topic: s.topic(), payload: 'x', qos: 1 });
      assert.deepEqual(await a.payloads(1), ['x']);
    },
  },
  {
    id: '4.1.0-2',
    says: 'a session ends when its expiry has passed after its connection',
    test: async (s) => {
      const none = { clientId: s.clientId('none'), clean: false } as const;
      await (await s.connect(none)).leave();
      assert.equal((await s.connect(none)).connack?.sessionPresent, false);
      const short = {
        clientId: s.clientId('short'),
        clean: false,
        properties: [['sessionExpiry', 1]],
      } as const;
      (await s.connect(short)).drop();
      await delay(2_500);
      assert.equal((await s.connect(short)).connack?.sessionPresent, false);
    },
  },
  {
    id: '3.3.1-1',
    says: 'a PUBLISH that is sent again has DUP',
    test: async (s) => {
      const fields = { clientId: s.clientId(), clean: false, properties: KEPT } as const;
      const a = await s.connect(fields);
      await a.subscribe(s.topic());
      const other = await s.connect();
      await other.publish({ topic: s.topic(), qos: 1 });
      const first = await a.take('publish');
      assert.equal(first.dup, false);
      a.drop();
      const again = await (await s.connect(fields)).take('publish');
      assert.deepEqual([again.dup, again.id], [true, first.id]);
    },
  },
  {
    id: '4.3.2-3',
    says: 'a QoS 1 message is unacknowledged until PUBACK: a returning session gets it again, and not after PUBACK',
    test: async (s) => {
      const fields = { clientId: s.clientId(), clean: false, properties: KEPT } as const;
      const a = await s.connect(fields);
      await a.subscribe(s.topic());
      const other = await s.connect();
      await other.publish({ topic: s.topic(), payload: 'x', qos: 1 });
      await a.take('publish');
      a.drop();
      const b = await s.connect(fields);
      assert.deepEqual(await b.payloads(1), ['x']);
      await b.ping();
      await b.leave();
      await (await s.connect(fields)).none('publish', 300);
    },
  },
  {
    id: '4.3.3-3',
    says: 'a QoS 2 message is unacknowledged until PUBREC: a returning session gets its PUBLISH again',
    test: async (s) => {
      const fields = { clientId: s.clientId(), clean: false, properties: KEPT } as const;
      const a = await s.connect(fields);
      await a.subscribe(s.topic());
      await (await s.connect()).publish({ topic: s.topic(), payload: 'x', qos: 2 });
      const first = await a.take('publish');
      a.drop();
      const b = await s.connect(fields);
      const again = await b.message();
      assert.deepEqual([again.id, again.dup, again.qos], [first.id, true, 2]);
    },
  },
  {
    id: '4.3.3-5',
    says: 'a PUBREL is unacknowledged until PUBCOMP: a returning session gets it again',
    test: async (s) => {
      const fields = { clientId: s.clientId(), clean: false, properties: KEPT } as const;
      const a = await s.connect(fields);
      await a.subscribe(s.topic());
      await (await s.connect()).publish({ topic: s.topic(), payload: 'x', qos: 2 });
      const { id } = await a.take('publish');
      a.send(c.pubrec(id));
      await a.take('pubrel');
      a.drop();
      const b = await s.connect(fields);
      assert.equal((await b.take('pubrel')).id, id);
      b.send(c.pubcomp(id));
      await b.none('publish', 100);
      await b.leave();
      await (await s.connect(fields)).none('pubrel', 300);
    },
  },
  {
    id: '4.3.3-6',
    says: 'once PUBREL was sent, the PUBLISH is not sent again',
    test: async (s) => {
      const fields = { clientId: s.clientId(), clean: false, properties: KEPT } as const;
      const a = await s.connect(fields);
      await a.subscribe(s.topic());
      await (await s.connect()).publish({ topic: s.topic(), qos: 2 });
      const { id } = await a.take('publish');
      await a.send(c.pubrec(id)).take('pubrel');
      a.drop();
      const b = await s.connect(fields);
      await b.take('pubrel');
      await b.none('publish', 200);
    },
  },
  {
    id: '4.3.3-7',
    says: 'a message that was sent does not expire any more',
    test: async (s) => {
      const fields = { clientId: s.clientId(), clean: false, properties: KEPT } as const;
      const a = await s.connect(fields);
      await a.subscribe(s.topic());
      await (await s.connect()).publish({ topic: s.topic(), qos: 2, properties: [['messageExpiry', 1]] });
      const { id } = await a.take('publish');
      a.drop();
      await delay(1_500);
      assert.equal((await (await s.connect(fields)).message()).id, id);
    },
  },
  {
    id: '4.3.3-13',
    says: 'a QoS 2 exchange is finished although its message expired meanwhile',
    test: async (s) => {
      const a = await s.connect();
      await a
        .send(c.publish({ topic: s.topic(), qos: 2, id: 1, properties: [['messageExpiry', 1]] }))
        .take('pubrec');
      await delay(1_500);
      const { reason } = await a.send(c.pubrel(1)).take('pubcomp');
      assert.equal(reason, 0);
    },
  },
  {
    id: '4.4.0-1',
    says: 'a session that goes on gets what it did not acknowledge, with the identifiers it had; nothing is sent again otherwise',
    test: async (s) => {
      const fields = { clientId: s.clientId(), clean: false, properties: KEPT } as const;
      const a = await s.connect(fields);
      await a.subscribe(s.topic());
      const other = await s.connect();
      for (const qos of [1, 2, 1] as const) await other.publish({ topic: s.topic(), payload: `${qos}`, qos });
      const sent = [await a.take('publish'), await a.take('publish'), await a.take('publish')];
      await a.none('publish', 1_000);
      a.drop();
      const b = await s.connect(fields);
      const again = [await b.take('publish'), await b.take('publish'), await b.take('publish')];
      const key = ({ id, payload }: (typeof sent)[0]): string => `${id} ${payload.toString()}`;
      assert.deepEqual(again.map(key), sent.map(key));
      await b.none('publish', 300);
    },
  },
  {
    id: '4.4.0-2',
    says: 'a message refused by PUBACK or PUBREC is not sent again',
    test: async (s) => {
      const fields = { clientId: s.clientId(), clean: false, properties: KEPT } as const;
      const a = await s.connect(fields);
      await a.subscribe(s.topic());
      const other = await s.connect();
      await other.publish({ topic: s.topic(), qos: 1 });
      a.send(c.puback((await a.take('publish')).id, 0x97));
      await other.publish({ topic: s.topic(), qos: 2 });
      a.send(c.pubrec((await a.take('publish')).id, 0x97));
      await a.none('pubrel', 100);
      await a.leave();
      await (await s.connect(fields)).none('publish', 300);
    },
  },
  {
    id: '4.5.0-1',
    says: 'a message is added to every session whose subscriptions match, connected or not',
    test: async (s) => {
      const away = { clientId: s.clientId('away'), clean: false, properties: KEPT } as const;
      const a = await s.connect(away);
      await a.subscribe(s.topic('+'));
      await a.leave();
      const here = await s.connect();
      await here.subscribe(s.topic('#'));
      await (await s.connect()).publish({ topic: s.topic('x'), payload: 'both', qos: 1 });
      assert.deepEqual(await here.payloads(1), ['both']);
      assert.deepEqual(await (await s.connect(away)).payloads(1), ['both']);
    },
  },
];

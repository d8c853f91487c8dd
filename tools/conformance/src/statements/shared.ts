import assert from 'node:assert/strict';
import * as c from '../wire/client-packet.ts';
import type { Statement } from './statement.ts';

const INVALID_FILTER = [0x8f, 0x81, 0x82] as const;
const AEDES = { aedes: 'it offers no shared subscriptions, and says so in CONNACK' };

/** 4.8.2: shared subscriptions. */
export const shared: readonly Statement[] = [
  {
    id: '4.8.2-1',
    says: 'a shared filter is $share/, a share name of a character at least, and a filter',
    test: async (s) => {
      const a = await s.connect();
      assert.deepEqual(await a.subscribe(`$share/g${s.name}/${s.topic()}`, 1), [1]);
      await s.sentAway(c.subscribe(1, [[`$share//${s.topic()}`, 0]]), INVALID_FILTER);
      await a.publish({ topic: s.topic(), payload: 'x', qos: 1 });
      assert.deepEqual(await a.payloads(1), ['x']);
    },
    except: AEDES,
  },
  {
    id: '4.8.2-2',
    says: 'a share name has no wildcards, and a filter follows it',
    test: async (s) => {
      for (const filter of ['$share/g+/x', '$share/g#/x', '$share/g', '$share/g/']) {
        await s.sentAway(c.subscribe(1, [[filter, 0]]), INVALID_FILTER);
      }
    },
  },
  {
    id: '4.8.2-3',
    says: 'each member gets its messages at the QoS granted to it at most, and each message goes to one member',
    test: async (s) => {
      const filter = `$share/g${s.name}/${s.topic('#')}`;
      const members = [await s.connect(), await s.connect()];
      for (const [qos, member] of members.entries())
        assert.deepEqual(await member.subscribe(filter, qos), [qos]);
      const b = await s.connect();
      for (let n = 0; n < 20; n++) await b.publish({ topic: s.topic('x'), payload: `${n}`, qos: 2 });
      const seen: string[] = [];
      const reading = members.map(async (member, granted) => {
        for (;;) {
          const message = await member.message(1_500).catch(() => null);
          if (message === null) return;
          assert.equal(message.qos, granted);
          seen.push(message.payload.toString());
        }
      });
      await Promise.all(reading);
      assert.deepEqual(
        seen.map(Number).toSorted((x, y) => x - y),
        Array.from({ length: 20 }, (_, n) => n),
      );
    },
    except: AEDES,
  },
  {
    id: '4.8.2-4',
    says: 'a QoS 2 delivery that has begun is completed to its member when it is back',
    test: async (s) => {
      const filter = `$share/g${s.name}/${s.topic()}`;
      const fields = {
        clientId: s.clientId('away'),
        clean: false,
        properties: [['sessionExpiry', 60]],
      } as const;
      const a = await s.connect(fields);
      await a.subscribe(filter);
      await (await s.connect()).publish({ topic: s.topic(), payload: 'x', qos: 2 });
      const { id } = await a.take('publish');
      a.drop();
      const other = await s.connect();
      await other.subscribe(filter);
      const back = await s.connect(fields);
      const again = await back.message();
      assert.deepEqual([again.id, again.payload.toString()], [id, 'x']);
      await other.none('publish', 100);
    },
    except: AEDES,
  },
  {
    id: '4.8.2-5',
    says: 'a QoS 2 message that was sent to a member whose session then ends goes to no other',
    test: async (s) => {
      const filter = `$share/g${s.name}/${s.topic()}`;
      const fields = { clientId: s.clientId('ending'), properties: [['sessionExpiry', 60]] } as const;
      const a = await s.connect(fields);
      await a.subscribe(filter);
      await (await s.connect()).publish({ topic: s.topic(), payload: 'x', qos: 2 });
      await a.take('publish');
      const other = await s.connect();
      await other.subscribe(filter);
      await a.leave(0, [['sessionExpiry', 0]]);
      await other.none('publish', 500);
    },
    except: AEDES,
  },
  {
    id: '4.8.2-6',
    says: 'a message that a member refuses goes to no other',
    test: async (s) => {
      const filter = `$share/g${s.name}/${s.topic()}`;
      const a = await s.connect();
      await a.subscribe(filter);
      const b = await s.connect();
      for (const qos of [1, 2] as const) await b.publish({ topic: s.topic(), payload: 'x', qos });
      const messages = [await a.take('publish'), await a.take('publish')];
      const other = await s.connect();
      await other.subscribe(filter);
      for (const { qos, id } of messages) a.send(qos === 1 ? c.puback(id, 0x80) : c.pubrec(id, 0x80));
      await other.none('publish', 400);
    },
    except: AEDES,
  },
];

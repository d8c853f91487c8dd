import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import * as c from '../wire/client-packet.ts';
import type { Statement } from './statement.ts';

/** 3.2: CONNACK. */
export const connack: readonly Statement[] = [
  {
    id: '3.2.0-1',
    says: 'CONNACK with success comes before any other packet',
    test: async (s) => {
      const keeper = await s.connect();
      await keeper.publish({ topic: s.topic(), payload: 'kept', qos: 1, retain: true });
      const peer = await s.open();
      peer.send(c.connect({ clientId: s.clientId('x') }), c.subscribe(1, [[s.topic(), 1]]), c.pingreq);
      assert.equal((await peer.next()).type, 'connack');
      await peer.take('pingresp');
    },
  },
  {
    id: '3.2.0-2',
    says: 'there is one CONNACK in a connection',
    test: async (s) => {
      const a = await s.connect();
      await a.publish({ topic: s.topic(), qos: 2 });
      await a.none('connack', 50);
      await a.send(c.connect({ clientId: s.clientId() })).ended(0x82);
    },
  },
  {
    id: '3.2.2-1',
    says: 'bits 7 to 1 of the acknowledge flags are 0 (every CONNACK that any case gets is looked at)',
    test: async (s) => {
      assert.equal((await s.connect()).connack?.type, 'connack');
    },
  },
  {
    id: '3.2.2-2',
    says: 'with a clean start there is no session present',
    test: async (s) => {
      const fields = { clientId: s.clientId(), properties: [['sessionExpiry', 60]] } as const;
      for (let n = 0; n < 2; n++) {
        const a = await s.connect(fields);
        assert.equal(a.connack?.sessionPresent, false);
        await a.leave();
      }
    },
  },
  {
    id: '3.2.2-3',
    says: 'without a clean start session present says whether there is a session',
    test: async (s) => {
      const fields = { clientId: s.clientId(), clean: false, properties: [['sessionExpiry', 60]] } as const;
      const first = await s.connect(fields);
      assert.equal(first.connack?.sessionPresent, false);
      await first.leave();
      const second = await s.connect(fields);
      assert.equal(second.connack?.sessionPresent, true);
      second.drop();
      assert.equal((await s.connect(fields)).connack?.sessionPresent, true);
    },
  },
  {
    id: '3.2.2-6',
    says: 'a CONNACK that refuses has session present 0',
    test: async (s) => {
      const fields = { clientId: s.clientId(), clean: false, properties: [['sessionExpiry', 60]] } as const;
      await (await s.connect(fields)).leave();
      const peer = await s.open();
      peer.send(c.connect({ ...fields, properties: [['authenticationMethod', 'NONE']] }));
      const { reason, sessionPresent } = await peer.next();
      assert.ok(reason >= 0x80);
      assert.equal(sessionPresent, false);
    },
  },
  {
    id: '3.2.2-7',
    says: 'after a CONNACK that refuses the connection is closed',
    test: (s) =>
      s.refused(
        c.connect({ clientId: s.clientId(), properties: [['authenticationMethod', 'NONE']] }),
        5,
        0x8c,
      ),
  },
  {
    id: '3.2.2-8',
    says: 'CONNACK has one of its reason codes (every CONNACK that any case gets is looked at)',
    test: async (s) => {
      await s.refused(
        c.connect({ clientId: s.clientId(), properties: [['authenticationMethod', 'NONE']] }),
        5,
        0x8c,
      );
    },
  },
  {
    id: '3.2.2-16',
    says: 'an assigned identifier is one that no session has',
    test: async (s) => {
      const properties = [['sessionExpiry', 60]] as const;
      const first = await s.connect({ clientId: '', properties });
      const taken = String(first.connack?.properties.get('assignedClientId'));
      await first.leave();
      for (let n = 0; n < 3; n++) {
        const other = await s.connect({ clientId: '', clean: n % 2 === 0, properties });
        assert.notEqual(other.connack?.properties.get('assignedClientId'), taken);
        assert.equal(other.connack?.sessionPresent, false);
      }
    },
  },
  {
    id: '3.2.2-19',
    says: "a reason string does not make a packet larger than the client's Maximum Packet Size",
    test: async (s) => {
      const fields = { clientId: s.clientId(), properties: [['maximumPacketSize', 64]] } as const;
      const a = await s.connect(fields);
      assert.ok((a.connack?.bytes ?? 0) <= 64);
      const peer = await s.open();
      peer.send(
        c.connect({
          ...fields,
          properties: [
            ['maximumPacketSize', 20],
            ['authenticationMethod', 'NONE'],
          ],
        }),
      );
      assert.ok((await peer.next()).bytes <= 20);
    },
  },
  {
    id: '3.2.2-20',
    says: "user properties do not make a CONNACK larger than the client's Maximum Packet Size",
    test: async (s) => {
      const { connack: answer } = await s.connect({ properties: [['maximumPacketSize', 64]] });
      assert.ok((answer?.bytes ?? 0) <= 64);
    },
  },
  {
    id: '3.2.2-22',
    says: "without Server Keep Alive the client's own keep-alive holds",
    test: async (s) => {
      const a = await s.connect({ keepAlive: 1 });
      assert.equal(a.connack?.properties.get('serverKeepAlive'), undefined);
      await delay(1_000);
      await a.ended(0x8d);
    },
  },
];

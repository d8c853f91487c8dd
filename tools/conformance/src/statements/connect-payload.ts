import assert from 'node:assert/strict';
import * as c from '../wire/client-packet.ts';
import type { Statement } from './statement.ts';

/** 3.1.3: the payload of CONNECT, which is the client identifier before all. */
export const connectPayload: readonly Statement[] = [
  {
    id: '3.1.3-1',
    says: 'the fields of the payload stand in their order: identifier, will, user name, password',
    test: async (s) => {
      await s.connect({ will: { topic: s.topic() }, username: 'user', password: 'secret' });
      const a = await s.connect({
        clientId: s.clientId(),
        username: 'user',
        will: { topic: s.topic(), payload: 'gone' },
      });
      const b = await s.connect();
      await b.subscribe(s.topic());
      a.drop();
      assert.equal((await b.message()).payload.toString(), 'gone');
    },
  },
  {
    id: '3.1.3-2',
    says: 'the client identifier names the session',
    test: async (s) => {
      const properties = [['sessionExpiry', 60]] as const;
      const a = await s.connect({ clientId: s.clientId(), properties });
      await a.leave();
      const b = await s.connect({ clientId: s.clientId('b'), clean: false, properties });
      assert.equal(b.connack?.sessionPresent, false);
      const again = await s.connect({ clientId: s.clientId(), clean: false, properties });
      assert.equal(again.connack?.sessionPresent, true);
    },
  },
  {
    id: '3.1.3-3',
    says: 'the client identifier is there',
    test: (s) => s.refused(c.packet(0x10, c.text('MQTT'), [5, 2], c.u16(60), [0]), 5, 0x81, 0x82),
  },
  {
    id: '3.1.3-4',
    says: 'the client identifier is UTF-8',
    test: (s) => s.refused(c.connect({ clientId: Buffer.from([0xff, 0xfe]) }), 5, 0x81, 0x85),
  },
  {
    id: '3.1.3-5',
    says: 'identifiers of 1 to 23 letters and digits are taken',
    test: async (s) => {
      const all = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
      for (const clientId of ['7', all.slice(0, 23), all.slice(23, 46), all.slice(39)]) {
        for (const version of [3, 4, 5] as const) await s.connect({ version, clientId });
      }
    },
  },
  {
    id: '3.1.3-6',
    says: 'a client with an empty identifier gets one that is its own',
    test: async (s) => {
      const ids = [];
      for (let n = 0; n < 3; n++)
        ids.push((await s.connect({ clientId: '' })).connack?.properties.get('assignedClientId'));
      assert.equal(new Set(ids).size, 3);
      assert.ok(ids.every((id) => typeof id === 'string' && id !== ''));
    },
  },
  {
    id: '3.1.3-7',
    says: 'the identifier given to a client is in CONNACK and works as its own',
    test: async (s) => {
      const properties = [['sessionExpiry', 60]] as const;
      const a = await s.connect({ clientId: '', properties });
      const clientId = String(a.connack?.properties.get('assignedClientId'));
      await a.subscribe(s.topic());
      await a.leave();
      const again = await s.connect({ clientId, clean: false, properties });
      assert.equal(again.connack?.sessionPresent, true);
    },
  },
  {
    id: '3.1.3-8',
    says: 'an identifier that is not taken ends the connection',
    test: async (s) => {
      // Longer than any setting of ours allows; a server may take it.
      const peer = await s.open();
      peer.send(c.connect({ clientId: 'x'.repeat(60_000) }));
      const { type, reason } = await peer.next();
      assert.equal(type, 'connack');
      if (reason !== 0) await peer.ended();
      assert.ok([0, 0x85].includes(reason), `0x${reason.toString(16)}`);
    },
  },
  {
    id: '3.1.3-12',
    says: 'the user name is UTF-8',
    test: (s) =>
      s.refused(c.connect({ clientId: s.clientId(), username: Buffer.from([0xff]) }), 5, 0x81, 0x86),
  },
];

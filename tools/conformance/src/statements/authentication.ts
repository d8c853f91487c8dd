import * as c from '../wire/client-packet.ts';
import assert from 'node:assert/strict';
import type { Statement } from './statement.ts';

/** 3.15 and 4.12: AUTH, as far as it goes without users. What needs them is tested in apps/mqtt-ingress. */
export const authentication: readonly Statement[] = [
  {
    id: '3.15.1-1',
    says: 'the flags of AUTH are 0',
    test: async (s) => {
      for (const first of [0xf1, 0xf2, 0xf8]) await s.sentAway(c.packet(first, [0x18, 0]), [0x81]);
    },
  },
  {
    id: '3.15.2-1',
    says: 'AUTH has one of its reason codes',
    test: (s) => s.sentAway(c.auth(0x01), [0x81, 0x82]),
  },
  {
    id: '4.12.0-1',
    says: 'a method that the server does not know ends the connection',
    test: (s) =>
      s.refused(
        c.connect({
          clientId: s.clientId(),
          properties: [
            ['authenticationMethod', 'X-UNKNOWN'],
            ['authenticationData', Buffer.from('x')],
          ],
        }),
        5,
        0x8c,
        0x87,
      ),
  },
  {
    id: '4.12.0-6',
    says: 'a client without a method gets no AUTH, and no method in CONNACK',
    test: async (s) => {
      const a = await s.connect();
      assert.equal(a.connack?.properties.get('authenticationMethod'), undefined);
      await a.none('auth', 100);
    },
  },
  {
    id: '4.12.0-7',
    says: 'a client without a method sends no AUTH',
    test: async (s) => {
      await s.sentAway(c.auth(0x19), [0x82]);
      await s.sentAway(c.auth(0x18, [['authenticationMethod', 'SCRAM-SHA-256']]), [0x82]);
    },
  },
];

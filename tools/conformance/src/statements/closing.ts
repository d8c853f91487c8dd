import assert from 'node:assert/strict';
import * as c from '../wire/client-packet.ts';
import type { Statement } from './statement.ts';

/** 3.12, 3.14 and 4.13: PINGREQ, DISCONNECT, and what an error leads to. */
export const closing: readonly Statement[] = [
  {
    id: '3.12.4-1',
    says: 'PINGREQ is answered by PINGRESP',
    test: async (s) => {
      for (const version of [3, 4, 5] as const) await (await s.connect({ version })).ping();
    },
  },
  {
    id: '3.14.0-1',
    says: 'there is no DISCONNECT before CONNACK',
    test: async (s) => {
      for (const bytes of [c.publish({ topic: 't' }), c.connect({ clientId: s.clientId(), flags: 1 })]) {
        const peer = await s.open();
        peer.send(bytes);
        await peer.staysOpen(3_000);
        const packet = await peer.next().catch(() => null);
        assert.notEqual(packet?.type, 'disconnect');
      }
    },
  },
  {
    id: '3.14.1-1',
    says: 'reserved flags of DISCONNECT are 0; others are answered by 0x81',
    test: (s) => s.sentAway(Buffer.from([0xe2, 0]), [0x81]),
  },
  {
    id: '3.14.2-1',
    says: 'DISCONNECT has one of its reason codes (every one that any case gets is looked at); one of others is malformed',
    test: async (s) => {
      await s.sentAway(c.disconnect(0x01), [0x81, 0x82]);
      await s.sentAway(c.publish({ topic: 'a/#' }), [0x90, 0x81, 0x82]);
    },
  },
  {
    id: '3.14.2-2',
    says: 'the server gives no Session Expiry Interval with DISCONNECT (every one that any case gets is looked at)',
    test: async (s) => {
      const fields = { clientId: s.clientId(), properties: [['sessionExpiry', 60]] } as const;
      const a = await s.connect(fields);
      await s.connect(fields);
      await a.ended(0x8e);
    },
  },
  {
    id: '3.14.2-3',
    says: "a reason string does not make DISCONNECT larger than the client's Maximum Packet Size",
    test: async (s) => {
      const a = await s.connect({ properties: [['maximumPacketSize', 40]] });
      a.send(c.publish({ topic: 'a/#' }));
      const { type, bytes } = await a.next();
      assert.equal(type, 'disconnect');
      assert.ok(bytes <= 40);
    },
  },
  {
    id: '3.14.4-1',
    says: 'nothing follows a DISCONNECT of the server',
    test: async (s) => {
      const a = await s.connect();
      a.send(c.publish({ topic: 'a/#' }), c.pingreq, c.publish({ topic: s.topic(), qos: 1 }));
      await a.ended();
      await assert.rejects(() => a.next());
    },
  },
  {
    id: '3.14.4-2',
    says: 'after a DISCONNECT of the server the connection is closed',
    test: (s) => s.sentAway(c.publish({ topic: 'a/#' }), [0x90, 0x81, 0x82]),
  },
  {
    id: '3.14.4-3',
    says: 'a DISCONNECT with reason 0 makes the will void, one with 0x04 does not',
    test: async (s) => {
      const listener = await s.connect();
      await listener.subscribe(s.topic('+'), 1);
      for (const [reason, level] of [
        [0, 'void'],
        [0x04, 'wanted'],
        [undefined, 'void'],
      ] as const) {
        const a = await s.connect({ will: { topic: s.topic(level), payload: level } });
        await a.leave(reason);
      }
      assert.deepEqual(await listener.payloads(1), ['wanted']);
      await listener.none('publish', 300);
    },
  },
  {
    id: '4.13.1-1',
    says: 'a malformed packet or protocol error ends the connection, with the reason code there is for it',
    test: async (s) => {
      const cases: readonly (readonly [Buffer, readonly number[]])[] = [
        [Buffer.from([0x00, 0]), [0x81, 0x82]],
        [Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 0x01]), [0x81]],
        [c.packet(0x20, [0, 0, 0]), [0x81, 0x82]],
        [c.packet(0xd0), [0x81, 0x82]],
        [c.packet(0x90, c.u16(1), [0, 0]), [0x81, 0x82]],
        [c.packet(0xc0, [0]), [0x81, 0x82]],
        [c.publish({ topic: s.topic(), properties: [['payloadFormat', 2]] }), [0x81, 0x82]],
        [
          c.publish({
            topic: s.topic(),
            properties: [
              ['contentType', 'a'],
              ['contentType', 'b'],
            ],
          }),
          [0x82, 0x81],
        ],
        [c.publish({ topic: s.topic(), properties: [['sessionExpiry', 1]] }), [0x81, 0x82]],
        [c.subscribe(1, [[s.topic(), 0]], 5, [['subscriptionIdentifier', 0]]), [0x82, 0x81]],
      ];
      for (const [bytes, reasons] of cases) await s.sentAway(bytes, reasons);
    },
  },
  {
    id: '4.13.2-1',
    says: 'whoever sends a reason code of 0x80 or above closes, and so does who gets it',
    test: async (s) => {
      const a = await s.connect();
      await a.send(c.disconnect(0x80)).ended();
      await s.refused(
        c.connect({ clientId: s.clientId(), properties: [['authenticationMethod', 'NONE']] }),
        5,
        0x8c,
      );
    },
  },
];

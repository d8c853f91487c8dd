import assert from 'node:assert/strict';
import * as c from '../wire/client-packet.ts';
import type { Statement } from './statement.ts';

/** 3.1: CONNECT, without its payload, its will (will.ts) and its session (sessions.ts). */
export const connect: readonly Statement[] = [
  {
    id: '3.1.0-1',
    says: 'the first packet of a connection is CONNECT',
    test: async (s) => {
      for (const first of [
        c.publish({ topic: 't' }),
        c.pingreq,
        c.subscribe(1, [['t', 0]]),
        c.disconnect(),
        c.auth(0x18),
      ]) {
        await (await s.open()).send(first).ended();
      }
    },
  },
  {
    id: '3.1.0-2',
    says: 'a second CONNECT is a protocol error and ends the connection',
    test: (s) => s.sentAway(c.connect({ clientId: s.clientId() }), [0x82]),
  },
  {
    id: '3.1.2-1',
    says: 'the protocol name is MQTT; with another the connection ends',
    test: async (s) => {
      for (const protocolName of ['MQTR', 'mqtt', 'MQTTX', '']) {
        await s.refused(c.connect({ clientId: s.clientId(), protocolName }), 5);
      }
    },
  },
  {
    id: '3.1.2-2',
    says: 'a protocol version that the server does not speak ends the connection',
    test: async (s) => {
      for (const protocolLevel of [6, 127]) {
        const peer = await s.open(s.target.kind === 'mosquitto' ? 4 : 5);
        await peer.send(c.connect({ clientId: s.clientId(), protocolLevel })).ended(0x84);
      }
    },
  },
  {
    id: '3.1.2-3',
    says: 'the reserved connect flag is 0',
    test: (s) => s.refused(c.connect({ clientId: s.clientId(), flags: 1 }), 5, 0x81, 0x82),
  },
  {
    id: '3.1.2-16',
    says: 'without the user name flag there is no user name',
    test: (s) =>
      s.refused(
        c.packet(0x10, c.connect({ clientId: s.clientId() }).subarray(2), c.text('user')),
        5,
        0x81,
        0x82,
      ),
  },
  {
    id: '3.1.2-17',
    says: 'with the user name flag there is a user name',
    test: (s) => s.refused(c.connect({ clientId: s.clientId(), flags: 0x80 }), 5, 0x81, 0x82),
  },
  {
    id: '3.1.2-18',
    says: 'without the password flag there is no password',
    test: (s) => {
      const whole = c.connect({ clientId: s.clientId(), username: 'user' });
      return s.refused(c.packet(0x10, whole.subarray(2), c.text('secret')), 5, 0x81, 0x82);
    },
  },
  {
    id: '3.1.2-19',
    says: 'with the password flag there is a password',
    test: (s) =>
      s.refused(c.connect({ clientId: s.clientId(), username: 'user', flags: 0x40 }), 5, 0x81, 0x82),
  },
  {
    id: '3.1.2-22',
    says: 'a client that is silent for one and a half times its keep-alive is closed, as if the network had failed',
    test: async (s) => {
      const a = await s.connect({ keepAlive: 1 });
      assert.ok(await a.staysOpen(1_000), 'closed within its keep-alive');
      await a.ended(0x8d);
      const b = await s.connect({ keepAlive: 1 });
      for (let n = 0; n < 4; n++) {
        assert.ok(await b.staysOpen(600), 'closed although it sends');
        await b.ping();
      }
    },
  },
  {
    id: '3.1.2-24',
    says: "the server sends nothing larger than the client's Maximum Packet Size",
    test: async (s) => {
      const a = await s.connect({ properties: [['maximumPacketSize', 128]] });
      await a.subscribe(s.topic());
      const b = await s.connect();
      for (const size of [10, 500, 40])
        await b.publish({ topic: s.topic(), payload: 'x'.repeat(size), qos: 1 });
      const sizes = [(await a.message()).payload.length, (await a.message()).payload.length];
      assert.deepEqual(sizes, [10, 40]);
    },
  },
  {
    id: '3.1.2-25',
    says: 'a message that is too large for the client counts as sent: those behind it come',
    test: async (s) => {
      const a = await s.connect({
        properties: [
          ['maximumPacketSize', 128],
          ['receiveMaximum', 1],
        ],
      });
      await a.subscribe(s.topic());
      const b = await s.connect();
      for (let n = 0; n < 5; n++) await b.publish({ topic: s.topic(), payload: 'x'.repeat(500), qos: 2 });
      await b.publish({ topic: s.topic(), payload: 'small', qos: 2 });
      assert.deepEqual(await a.payloads(1), ['small']);
    },
  },
  {
    id: '3.1.2-26',
    says: "topic aliases of the server are at most the client's Topic Alias Maximum",
    test: async (s) => {
      const a = await s.connect({ properties: [['topicAliasMaximum', 2]] });
      await a.subscribe(s.topic('#'));
      for (let n = 0; n < 8; n++) await a.publish({ topic: s.topic(`level/${n % 4}`), qos: 1 });
      for (let n = 0; n < 8; n++) {
        const alias = (await a.message()).properties.get('topicAlias');
        assert.ok(alias === undefined || alias === 1 || alias === 2, `alias ${String(alias)}`);
      }
    },
  },
  {
    id: '3.1.2-27',
    says: 'a client that announces no Topic Alias Maximum, or 0, gets no alias',
    test: async (s) => {
      for (const properties of [[], [['topicAliasMaximum', 0]]] as const) {
        const a = await s.connect({ properties });
        await a.subscribe(s.topic('#'));
        for (let n = 0; n < 3; n++) {
          await a.publish({ topic: s.topic('some/level'), qos: 1 });
          assert.equal((await a.message()).properties.get('topicAlias'), undefined);
        }
      }
    },
  },
  {
    id: '3.1.2-28',
    says: 'a client that does not ask for Response Information gets none',
    test: async (s) => {
      for (const properties of [[], [['requestResponseInformation', 0]]] as const) {
        const { connack } = await s.connect({ properties });
        assert.equal(connack?.properties.get('responseInformation'), undefined);
      }
    },
  },
  {
    id: '3.1.2-29',
    says: 'without Request Problem Information reason strings and user properties stand in CONNACK, PUBLISH and DISCONNECT only',
    test: async (s) => {
      const a = await s.connect({ properties: [['requestProblemInformation', 0]] });
      const packets = [
        await a.send(c.subscribe(1, [[s.topic(), 1]])).take('suback'),
        await a.send(c.unsubscribe(2, [s.topic('unknown')])).take('unsuback'),
        await a.send(c.publish({ topic: s.topic('nobody'), qos: 1, id: 3 })).take('puback'),
        await a.send(c.pubrel(99)).take('pubcomp'),
      ];
      for (const { type, properties } of packets) assert.deepEqual(properties.all, [], type);
    },
  },
  {
    id: '3.1.4-1',
    says: 'a CONNECT of another form ends the connection',
    test: async (s) => {
      const good = c.connect({ clientId: s.clientId() });
      // One byte too many, one too few, a property that has no place there, and one that stands there twice.
      await s.refused(c.packet(0x10, good.subarray(2), [0]), 5, 0x81, 0x82);
      await s.refused(c.packet(0x10, good.subarray(2, -1)), 5, 0x81, 0x82);
      await s.refused(c.connect({ clientId: s.clientId(), properties: [['topicAlias', 1]] }), 5, 0x81, 0x82);
      const twice = [
        ['sessionExpiry', 1],
        ['sessionExpiry', 1],
      ] as const;
      await s.refused(c.connect({ clientId: s.clientId(), properties: twice }), 5, 0x81, 0x82);
      await s.refused(
        c.connect({ clientId: s.clientId(), properties: [['receiveMaximum', 0]] }),
        5,
        0x81,
        0x82,
      );
      await s.refused(
        c.connect({ clientId: s.clientId(), properties: [['maximumPacketSize', 0]] }),
        5,
        0x81,
        0x82,
      );
    },
  },
  {
    id: '3.1.4-2',
    says: 'what fails a further check ends the connection',
    test: (s) =>
      s.refused(
        c.connect({ clientId: s.clientId(), properties: [['authenticationMethod', 'NONE']] }),
        5,
        0x8c,
        0x87,
      ),
  },
  {
    id: '3.1.4-3',
    says: 'a second connection with the same identifier ends the first, which is told so',
    test: async (s) => {
      for (const version of [5, 4, 3] as const) {
        const a = await s.connect({ clientId: s.clientId(), version });
        const b = await s.connect({ clientId: s.clientId(), version });
        await a.ended(0x8e);
        await b.ping();
      }
    },
  },
  {
    id: '3.1.4-4',
    says: 'Clean Start is heeded',
    test: async (s) => {
      const fields = { clientId: s.clientId(), properties: [['sessionExpiry', 60]] } as const;
      const a = await s.connect(fields);
      await a.subscribe(s.topic());
      await a.leave();
      const again = await s.connect({ ...fields, clean: false });
      assert.equal(again.connack?.sessionPresent, true);
      await again.leave();
      const anew = await s.connect({ ...fields, clean: true });
      assert.equal(anew.connack?.sessionPresent, false);
      await anew.publish({ topic: s.topic(), qos: 1 });
      await anew.none('publish', 200);
    },
  },
  {
    id: '3.1.4-5',
    says: 'a CONNECT that is taken is answered by CONNACK with success',
    test: async (s) => {
      for (const version of [3, 4, 5] as const)
        assert.equal((await s.connect({ version })).connack?.reason, 0);
    },
  },
  {
    id: '3.1.4-6',
    says: 'nothing that follows a CONNECT that is refused is carried out',
    test: async (s) => {
      const watcher = await s.connect();
      await watcher.subscribe(s.topic());
      const peer = await s.open();
      peer.send(
        c.connect({ clientId: s.clientId('x'), properties: [['authenticationMethod', 'NONE']] }),
        c.publish({ topic: s.topic(), payload: 'secret' }),
        c.publish({ topic: s.topic(), payload: 'secret', qos: 1 }),
      );
      await peer.ended();
      await watcher.none('publish', 200);
    },
  },
];

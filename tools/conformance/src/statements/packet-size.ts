import assert from 'node:assert/strict';
import * as c from '../wire/client-packet.ts';
import type { Peer } from './peer.ts';
import type { Scene } from './scene.ts';
import type { Statement } from './statement.ts';

type Provoke = (peer: Peer, s: Scene) => Promise<{ bytes: number }>;

/** Packets that carry nothing but their identifier and a failure need no more than this. */
const SMALL = 40;

const packets: readonly (readonly [section: string, name: string, provoke: Provoke])[] = [
  ['3.4.2', 'PUBACK', (a) => a.send(c.publish({ topic: '$SYS/x', qos: 1, id: 1 })).take('puback')],
  ['3.5.2', 'PUBREC', (a) => a.send(c.publish({ topic: '$SYS/x', qos: 2, id: 1 })).take('pubrec')],
  [
    '3.6.2',
    'PUBREL',
    async (a, s) => {
      await a.subscribe('o');
      await (await s.connect()).publish({ topic: 'o', qos: 2 });
      const { id } = await a.take('publish');
      const release = await a.send(c.pubrec(id)).take('pubrel');
      a.send(c.pubcomp(id));
      return release;
    },
  ],
  ['3.7.2', 'PUBCOMP', (a) => a.send(c.pubrel(77)).take('pubcomp')],
  ['3.9.2', 'SUBACK', (a) => a.send(c.subscribe(1, [['test/nosubscribe', 0]])).take('suback')],
  ['3.11.2', 'UNSUBACK', (a) => a.send(c.unsubscribe(1, ['x'])).take('unsuback')],
];

/** In each section two statements: the reason string, and the user properties. */
const numbers: Record<string, readonly [number, number]> = {
  '3.4.2': [2, 3],
  '3.5.2': [2, 3],
  '3.6.2': [2, 3],
  '3.7.2': [2, 3],
  '3.9.2': [1, 2],
  '3.11.2': [1, 2],
};

/** Reason strings and user properties give way to the client's Maximum Packet Size. */
export const packetSize: readonly Statement[] = [
  ...packets.flatMap(([section, name, provoke]) =>
    (['reason string', 'user properties'] as const).map((what, index): Statement => ({
      id: `${section}-${numbers[section]?.[index]}`,
      says: `a ${what} does not make ${name} larger than the client's Maximum Packet Size`,
      test: async (s) => {
        const a = await s.connect({ properties: [['maximumPacketSize', SMALL]] });
        const { bytes } = await provoke(a, s);
        assert.ok(bytes <= SMALL, `${bytes} bytes`);
      },
    })),
  ),
  {
    id: '3.14.2-4',
    says: "user properties do not make DISCONNECT larger than the client's Maximum Packet Size",
    test: async (s) => {
      const a = await s.connect({ properties: [['maximumPacketSize', SMALL]] });
      const { type, bytes } = await a.send(c.publish({ topic: s.topic(), qos: 3 })).next();
      assert.equal(type, 'disconnect');
      assert.ok(bytes <= SMALL);
    },
  },
  {
    id: '3.2.2-15',
    says: 'a packet larger than the Maximum Packet Size of CONNACK is answered by 0x95',
    test: async (s) => {
      const a = await s.connect();
      const most = Number(a.connack?.properties.get('maximumPacketSize') ?? 268_435_455);
      // Its header is enough.
      await a.send(c.join([0x30], c.variable(Math.min(most, 268_435_455)))).ended(0x95);
    },
  },
];

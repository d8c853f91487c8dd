import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as c from '../../src/wire/client-packet.ts';
import { BadServerPacket, decode, packetLength } from '../../src/wire/server-packet.ts';

const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex');

test('what a server may send is taken apart', () => {
  const connack = decode(bytes('20 09 01 00 06 21 0014 22 0008'), 5);
  assert.deepEqual([connack.type, connack.sessionPresent, connack.reason], ['connack', true, 0]);
  assert.deepEqual(connack.properties.all, [
    ['receiveMaximum', 20],
    ['topicAliasMaximum', 8],
  ]);
  const publish = decode(
    c.publish({ topic: 'a/b', qos: 1, id: 7, payload: 'x', properties: [['userProperty', ['b', '1']]] }),
    5,
  );
  assert.deepEqual([publish.topic, publish.qos, publish.id, publish.payload.toString()], ['a/b', 1, 7, 'x']);
  assert.deepEqual(publish.properties.list('userProperty'), [['b', '1']]);
  assert.deepEqual(decode(bytes('90 04 0001 00 80'), 4).reasons, [0, 0x80]);
  assert.equal(decode(bytes('40 02 0007'), 5).reason, 0);
});

const wrong: readonly (readonly [what: string, version: c.Version, hex: string])[] = [
  ['acknowledge flags', 5, '20 03 02 00 00'],
  ['a reason code of another packet', 5, '20 03 00 92 00'],
  ['a property of another packet', 5, '20 08 00 00 05 02 00000001'],
  ['a property twice', 5, '20 09 00 00 06 21 0014 21 0014'],
  ['a property that does not exist', 5, '20 05 00 00 02 7f 00'],
  ['properties longer than the packet', 5, '20 03 00 00 05'],
  ['bytes behind the end', 4, '20 03 00 00 00'],
  ['a length that is not minimal', 5, 'd0 80 00'],
  ['DUP at QoS 0', 4, '38 03 0001 61'],
  ['QoS 3', 4, '36 05 0001 61 0001'],
  ['a wildcard in a topic', 4, '30 03 0001 23'],
  ['no topic', 5, '30 03 0000 00'],
  ['a topic that is not UTF-8', 4, '30 03 0001 ff'],
  ['U+0000 in a topic', 4, '30 03 0001 00'],
  ['packet identifier 0', 4, '40 02 0000'],
  ['flags of PUBREL', 4, '60 02 0001'],
  ['a return code above 2', 4, '90 03 0001 03'],
  ['DISCONNECT in MQTT 3.1.1', 4, 'e0 00'],
  ['a Session Expiry Interval in DISCONNECT', 5, 'e0 07 8b 05 11 00000001'],
  ['a packet of clients', 5, '82 02 0001'],
];

for (const [what, version, hex] of wrong) {
  test(`what a server must not send is refused: ${what}`, () => {
    assert.throws(() => decode(bytes(hex), version), BadServerPacket);
  });
}

test('a packet is whole when its remaining length has come', () => {
  assert.equal(packetLength(bytes('d0')), 0);
  assert.equal(packetLength(bytes('30 80')), 0);
  assert.equal(packetLength(bytes('40 02 00')), 0);
  assert.equal(packetLength(bytes('40 02 00 01 d0 00')), 4);
});

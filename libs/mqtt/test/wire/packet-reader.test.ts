import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Faults, type Fault } from '../../src/wire/fault.ts';
import { PacketReader } from '../../src/wire/packet-reader.ts';
import { PublishCheck } from '../../src/wire/publish-check.ts';
import * as p from '../support/packets.ts';

const limits = { maxPacketBytes: 10_000, maxConnectBytes: 2_000, maxTopicLevels: 10, topicAliasMaximum: 4 };

function reader(version = 0): PacketReader {
  const made = new PacketReader(limits, new PublishCheck(limits));
  made.version = version;
  return made;
}

function runs(target: PacketReader): Buffer[] {
  const all: Buffer[] = [];
  for (let run = target.next(); run !== null; run = target.next()) all.push(run);
  return all;
}

function faultOf(bytes: Buffer, version: number): Fault | null {
  const target = reader(version);
  target.push(bytes);
  runs(target);
  return target.fault;
}

const v5 = (...parts: (Buffer | number[])[]): Buffer =>
  p.publish({ version: 5, properties: p.properties(...parts) });

/** name, version the stream has (0: before CONNECT), bytes, fault */
const cases: [name: string, version: number, bytes: Buffer, fault: Fault | null][] = [
  ['CONNECT 3.1', 0, p.connect({ version: 3 }), null],
  ['CONNECT 3.1.1', 0, p.connect({ version: 4 }), null],
  ['CONNECT 5', 0, p.connect({ version: 5 }), null],
  ['PUBLISH first', 0, p.publish(), Faults.CONNECT_FIRST],
  ['PINGREQ first', 0, p.pingreq, Faults.CONNECT_FIRST],
  ['HTTP', 0, Buffer.from('GET / HTTP/1.1\r\n\r\n'), Faults.CONNECT_FIRST],
  ['zero', 0, Buffer.from([0]), Faults.CONNECT_FIRST],
  ['CONNECT with flags', 0, Buffer.from([0x11, 0]), Faults.FIXED_HEADER_FLAGS],
  ['CONNECT empty', 0, Buffer.from([0x10, 0]), Faults.TRUNCATED],
  ['CONNECT too large', 0, Buffer.from([0x10, 0xff, 0x7f]), Faults.TOO_LARGE],
  [
    'CONNECT other protocol',
    0,
    p.packet(0x10, p.string('HTTP'), Buffer.from([4, 2, 0, 0, 0, 0])),
    Faults.PROTOCOL_NAME,
  ],
  ['CONNECT long protocol', 0, p.packet(0x10, p.string('MQTTMQTT'), Buffer.from([4])), Faults.PROTOCOL_NAME],
  [
    'CONNECT version 6',
    0,
    p.packet(0x10, p.string('MQTT'), Buffer.from([6, 2, 0, 0, 0, 0])),
    Faults.PROTOCOL_VERSION,
  ],
  [
    'CONNECT bridge',
    0,
    p.packet(0x10, p.string('MQTT'), Buffer.from([0x84, 2, 0, 0, 0, 0])),
    Faults.PROTOCOL_VERSION,
  ],
  ['CONNECT reserved flag', 0, p.connect({ flags: 1 }), Faults.CONNECT_FLAGS],
  ['CONNECT will QoS without will', 0, p.connect({ flags: 0x08 }), Faults.CONNECT_FLAGS],
  ['CONNECT will retain without will', 0, p.connect({ flags: 0x20 }), Faults.CONNECT_FLAGS],
  [
    'CONNECT will QoS 3',
    0,
    p.connect({ flags: 0x1c, payload: [p.string('w'), p.string('')] }),
    Faults.CONNECT_FLAGS,
  ],
  [
    'CONNECT password without user name, 3.1.1',
    0,
    p.connect({ flags: 0x40, payload: [p.string('x')] }),
    Faults.CONNECT_FLAGS,
  ],
  [
    'CONNECT password without user name, 5',
    0,
    p.connect({ version: 5, flags: 0x40, payload: [p.string('x')] }),
    null,
  ],
  ['CONNECT will', 0, p.connect({ flags: 0x34, payload: [p.string('w/x'), p.string('gone')] }), null],
  [
    'CONNECT will with wildcard',
    0,
    p.connect({ flags: 4, payload: [p.string('w/#'), p.string('')] }),
    Faults.WILL_TOPIC,
  ],
  [
    'CONNECT will with empty topic',
    0,
    p.connect({ flags: 4, payload: [p.string(''), p.string('')] }),
    Faults.WILL_TOPIC,
  ],
  ['CONNECT trailing', 0, p.connect({ payload: [Buffer.from([1])] }), Faults.TRAILING_BYTES],
  ['CONNECT missing user name', 0, p.connect({ flags: 0x80 }), Faults.TRUNCATED],
  ['CONNECT empty id, 3.1', 0, p.connect({ version: 3, clientId: '' }), Faults.CLIENT_ID_EMPTY],
  ['CONNECT empty id, 3.1.1, session', 0, p.connect({ clientId: '', clean: false }), Faults.CLIENT_ID_EMPTY],
  ['CONNECT empty id, 3.1.1, clean', 0, p.connect({ clientId: '' }), null],
  ['CONNECT empty id, 5', 0, p.connect({ version: 5, clientId: '', clean: false }), null],
  ['CONNECT id with NUL', 0, p.connect({ clientId: 'a\0b' }), Faults.NUL],
  [
    'CONNECT id not UTF-8',
    0,
    p.packet(0x10, p.string('MQTT'), Buffer.from([4, 2, 0, 0]), p.string(Buffer.from([0xc3, 0x28]))),
    Faults.NOT_UTF8,
  ],
  [
    'CONNECT session expiry twice',
    0,
    p.connect({ version: 5, properties: p.properties([0x11, 0, 0, 0, 1], [0x11, 0, 0, 0, 1]) }),
    Faults.PROPERTY_TWICE,
  ],
  [
    'CONNECT receive maximum twice, first 0',
    0,
    p.connect({ version: 5, properties: p.properties([0x21, 0, 0], [0x21, 0, 1]) }),
    Faults.PROPERTY_TWICE,
  ],
  [
    'CONNECT receive maximum 0',
    0,
    p.connect({ version: 5, properties: p.properties([0x21, 0, 0]) }),
    Faults.RECEIVE_MAXIMUM_ZERO,
  ],
  [
    'CONNECT maximum packet size 0',
    0,
    p.connect({ version: 5, properties: p.properties([0x27, 0, 0, 0, 0]) }),
    Faults.MAXIMUM_PACKET_SIZE_ZERO,
  ],
  [
    'CONNECT authentication',
    0,
    p.connect({ version: 5, properties: p.properties([0x15, 0, 1, 0x41]) }),
    Faults.AUTHENTICATION,
  ],
  [
    'CONNECT foreign property',
    0,
    p.connect({ version: 5, properties: p.properties([0x01, 1]) }),
    Faults.PROPERTY_FOREIGN,
  ],
  [
    'CONNECT request problem information 2',
    0,
    p.connect({ version: 5, properties: p.properties([0x17, 2]) }),
    Faults.PROPERTY_VALUE,
  ],
  ['second CONNECT', 4, p.connect(), Faults.CONNECT_TWICE],

  ['PUBLISH QoS 0', 4, p.publish(), null],
  ['PUBLISH QoS 3', 4, p.publish({ qos: 3 }), Faults.QOS_3],
  ['PUBLISH DUP at QoS 0', 4, p.publish({ dup: true }), Faults.DUP_AT_QOS_0],
  ['PUBLISH DUP at QoS 1', 4, p.publish({ dup: true, qos: 1 }), null],
  ['PUBLISH id 0', 4, p.publish({ qos: 1, id: 0 }), Faults.PACKET_ID_ZERO],
  ['PUBLISH empty topic', 4, p.publish({ topic: '' }), Faults.TOPIC_EMPTY],
  ['PUBLISH empty topic, 5', 5, p.publish({ version: 5, topic: '' }), Faults.TOPIC_EMPTY],
  ['PUBLISH +', 4, p.publish({ topic: 'a/+' }), Faults.TOPIC_WILDCARD],
  ['PUBLISH #', 4, p.publish({ topic: '#' }), Faults.TOPIC_WILDCARD],
  ['PUBLISH NUL', 4, p.publish({ topic: 'a\0' }), Faults.NUL],
  ['PUBLISH UTF-8', 4, p.publish({ topic: 'ä/😀' }), null],
  ['PUBLISH not UTF-8', 4, p.publish({ topic: Buffer.from([0x61, 0xff]) }), Faults.NOT_UTF8],
  ['PUBLISH surrogate', 4, p.publish({ topic: Buffer.from([0xed, 0xa0, 0x80]) }), Faults.NOT_UTF8],
  ['PUBLISH many levels', 4, p.publish({ topic: '/'.repeat(10) }), Faults.TOPIC_LEVELS],
  ['PUBLISH topic beyond packet', 4, p.packet(0x30, Buffer.from([0, 9, 0x61])), Faults.TRUNCATED],
  ['PUBLISH without topic', 4, p.packet(0x30), Faults.TRUNCATED],
  ['PUBLISH without id', 4, p.packet(0x32, p.string('a')), Faults.TRUNCATED],
  ['PUBLISH too large', 4, p.publish({ payload: Buffer.alloc(10_000) }), Faults.TOO_LARGE],
  ['PUBLISH too large by its header', 4, Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f]), Faults.TOO_LARGE],
  [
    'remaining length of five bytes',
    4,
    Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 1]),
    Faults.REMAINING_LENGTH,
  ],
  ['remaining length not minimal, 3.1.1', 4, Buffer.from([0xc0, 0x80, 0]), null],
  ['remaining length not minimal, 5', 5, Buffer.from([0xc0, 0x80, 0]), Faults.VARIABLE_INTEGER],

  [
    'PUBLISH every property',
    5,
    v5(
      [1, 1],
      [2, 0, 0, 0, 9],
      p.userProperty('a', ''),
      p.userProperty('a', ''),
      [3, 0, 1, 0x78],
      [8, 0, 1, 0x72],
      [9, 0, 1, 0],
    ),
    null,
  ],
  ['PUBLISH without properties length', 5, p.packet(0x30, p.string('a')), Faults.TRUNCATED],
  ['PUBLISH response topic cut off', 5, v5([8, 0, 9, 0x72]), Faults.PROPERTY_TRUNCATED],
  ['PUBLISH response topic without length', 5, v5([8]), Faults.PROPERTY_TRUNCATED],
  ['PUBLISH response topic with wildcard', 5, v5([8, 0, 1, 0x23]), Faults.TOPIC_WILDCARD],
  ['PUBLISH response topic empty', 5, v5([8, 0, 0]), Faults.TOPIC_WILDCARD],
  ['PUBLISH response topic twice', 5, v5([8, 0, 1, 0x72], [8, 0, 1, 0x72]), Faults.PROPERTY_TWICE],
  ['PUBLISH payload format twice, first 0', 5, v5([1, 0], [1, 1]), Faults.PROPERTY_TWICE],
  ['PUBLISH payload format 2', 5, v5([1, 2]), Faults.PROPERTY_VALUE],
  ['PUBLISH expiry cut off', 5, v5([2, 0, 0]), Faults.PROPERTY_TRUNCATED],
  ['PUBLISH content type not UTF-8', 5, v5([3, 0, 1, 0xff]), Faults.NOT_UTF8],
  ['PUBLISH content type with NUL', 5, v5([3, 0, 1, 0]), Faults.NUL],
  ['PUBLISH user property cut off', 5, v5([0x26, 0, 1, 0x61]), Faults.PROPERTY_TRUNCATED],
  ['PUBLISH user property with NUL', 5, v5(p.userProperty('a', '\0')), Faults.NUL],
  ['PUBLISH unknown property', 5, v5([0x7f, 0]), Faults.PROPERTY_UNKNOWN],
  ['PUBLISH property 0', 5, v5([0]), Faults.PROPERTY_UNKNOWN],
  ['PUBLISH foreign property', 5, v5([0x11, 0, 0, 0, 1]), Faults.PROPERTY_FOREIGN],
  ['PUBLISH server property', 5, v5([0x24, 1]), Faults.PROPERTY_FOREIGN],
  ['PUBLISH subscription identifier', 5, v5([0x0b, 1]), Faults.PUBLISH_SUBSCRIPTION_ID],
  ['PUBLISH alias', 5, v5([0x23, 0, 4]), null],
  ['PUBLISH alias 0', 5, v5([0x23, 0, 0]), Faults.TOPIC_ALIAS],
  ['PUBLISH alias above maximum', 5, v5([0x23, 0, 5]), Faults.TOPIC_ALIAS],
  [
    'PUBLISH alias without topic',
    5,
    p.publish({ version: 5, topic: '', properties: p.properties([0x23, 0, 1]) }),
    null,
  ],
  [
    'PUBLISH properties beyond packet',
    5,
    p.packet(0x30, p.string('a'), Buffer.from([9, 1, 1])),
    Faults.PROPERTY_TRUNCATED,
  ],
  [
    'PUBLISH properties length not minimal',
    5,
    p.packet(0x30, p.string('a'), Buffer.from([0x80, 0])),
    Faults.VARIABLE_INTEGER,
  ],

  ['PUBACK', 4, p.puback(1), null],
  ['PUBACK id 0', 4, p.puback(0), Faults.PACKET_ID_ZERO],
  ['PUBACK short', 4, p.packet(0x40, Buffer.from([1])), Faults.TRUNCATED],
  ['PUBACK reason in 3.1.1', 4, p.puback(1, 0), Faults.TRAILING_BYTES],
  ['PUBACK reason', 5, p.puback(1, 0x10), null],
  ['PUBACK reason and properties', 5, p.puback(1, 0x87, 4, 0x1f, 0, 1, 0x78), null],
  [
    'PUBACK reason string twice',
    5,
    p.puback(1, 0x87, 8, 0x1f, 0, 1, 0x78, 0x1f, 0, 1, 0x78),
    Faults.PROPERTY_TWICE,
  ],
  ['PUBACK unknown reason', 5, p.puback(1, 0x92), Faults.REASON_CODE],
  ['PUBACK trailing', 5, p.puback(1, 0, 0, 0), Faults.TRAILING_BYTES],
  ['PUBREC', 5, p.pubrec(1, 0x97), null],
  ['PUBREL', 5, p.pubrel(1, 0x92), null],
  ['PUBREL reason of PUBACK', 5, p.pubrel(1, 0x10), Faults.REASON_CODE],
  ['PUBREL flags', 4, p.packet(0x60, p.u16(1)), Faults.FIXED_HEADER_FLAGS],
  ['PUBCOMP', 4, p.pubcomp(1), null],

  ['SUBSCRIBE', 4, p.subscribe(1, [['a/+', 1]]), null],
  ['SUBSCRIBE, 5', 5, p.subscribe(1, [['a/#', 0x2e]], p.properties([0x0b, 0x80, 1])), null],
  [
    'SUBSCRIBE flags',
    4,
    p.packet(0x80, p.u16(1), p.string('a'), Buffer.from([0])),
    Faults.FIXED_HEADER_FLAGS,
  ],
  ['SUBSCRIBE id 0', 4, p.subscribe(0, [['a', 0]]), Faults.PACKET_ID_ZERO],
  ['SUBSCRIBE without filters', 4, p.subscribe(1, []), Faults.NO_FILTERS],
  ['SUBSCRIBE without options', 4, p.packet(0x82, p.u16(1), p.string('a')), Faults.TRUNCATED],
  ['SUBSCRIBE QoS 3', 4, p.subscribe(1, [['a', 3]]), Faults.SUBSCRIPTION_OPTIONS],
  ['SUBSCRIBE options of 5 in 3.1.1', 4, p.subscribe(1, [['a', 4]]), Faults.SUBSCRIPTION_OPTIONS],
  [
    'SUBSCRIBE retain handling 3',
    5,
    p.subscribe(1, [['a', 0x30]], p.properties()),
    Faults.SUBSCRIPTION_OPTIONS,
  ],
  [
    'SUBSCRIBE reserved options',
    5,
    p.subscribe(1, [['a', 0x40]], p.properties()),
    Faults.SUBSCRIPTION_OPTIONS,
  ],
  ['SUBSCRIBE bad filter', 4, p.subscribe(1, [['a#', 0]]), Faults.FILTER],
  ['SUBSCRIBE empty filter', 4, p.subscribe(1, [['', 0]]), Faults.FILTER],
  ['SUBSCRIBE deep filter', 4, p.subscribe(1, [['/'.repeat(10), 0]]), Faults.FILTER],
  [
    'SUBSCRIBE identifier 0',
    5,
    p.subscribe(1, [['a', 0]], p.properties([0x0b, 0])),
    Faults.SUBSCRIPTION_ID_ZERO,
  ],
  [
    'SUBSCRIBE identifier twice',
    5,
    p.subscribe(1, [['a', 0]], p.properties([0x0b, 1], [0x0b, 2])),
    Faults.PROPERTY_TWICE,
  ],
  [
    'SUBSCRIBE identifier of five bytes',
    5,
    p.subscribe(1, [['a', 0]], p.properties([0x0b, 0x80, 0x80, 0x80, 0x80, 1])),
    Faults.PROPERTY_TRUNCATED,
  ],
  [
    'SUBSCRIBE no local on shared',
    5,
    p.subscribe(1, [['$share/g/a', 4]], p.properties()),
    Faults.NO_LOCAL_SHARED,
  ],
  ['UNSUBSCRIBE', 4, p.unsubscribe(1, ['a', 'b']), null],
  ['UNSUBSCRIBE nothing', 5, p.unsubscribe(1, [], p.properties()), Faults.NO_FILTERS],
  [
    'UNSUBSCRIBE foreign property',
    5,
    p.unsubscribe(1, ['a'], p.properties([0x0b, 1])),
    Faults.PROPERTY_FOREIGN,
  ],

  ['PINGREQ', 4, p.pingreq, null],
  ['PINGREQ with body', 4, p.packet(0xc0, Buffer.from([0])), Faults.TRAILING_BYTES],
  ['DISCONNECT', 4, p.disconnect(), null],
  ['DISCONNECT with body in 3.1.1', 4, p.disconnect(0), Faults.TRAILING_BYTES],
  ['DISCONNECT with will', 5, p.disconnect(4), null],
  ['DISCONNECT session expiry', 5, p.disconnect(0, 5, 0x11, 0, 0, 0, 9), null],
  ['DISCONNECT reason of a server', 5, p.disconnect(0x8e), Faults.REASON_CODE],
  ['DISCONNECT foreign property', 5, p.disconnect(0, 2, 0x01, 1), Faults.PROPERTY_FOREIGN],
  ['DISCONNECT flags', 4, Buffer.from([0xe1, 0]), Faults.FIXED_HEADER_FLAGS],
  ['CONNACK from a client', 4, p.packet(0x20, Buffer.from([0, 0])), Faults.UNEXPECTED_TYPE],
  ['SUBACK from a client', 4, p.packet(0x90, Buffer.from([0, 1, 0])), Faults.UNEXPECTED_TYPE],
  ['PINGRESP from a client', 4, p.packet(0xd0), Faults.UNEXPECTED_TYPE],
  ['AUTH', 5, p.packet(0xf0, Buffer.from([0x18, 0])), Faults.UNEXPECTED_TYPE],
  ['type 0', 4, Buffer.from([0, 0]), Faults.UNEXPECTED_TYPE],
];

for (const [name, version, bytes, fault] of cases) {
  test(`packet check: ${name}`, () => {
    assert.equal(faultOf(bytes, version), fault);
    // The same verdict when the packet arrives in pieces.
    for (const size of [1, 3]) {
      const target = reader(version);
      for (let at = 0; at < bytes.length; at += size) {
        target.push(bytes.subarray(at, at + size));
        runs(target);
      }
      assert.equal(target.fault, fault, `in pieces of ${size}`);
    }
  });
}

const mixed = Buffer.concat([
  p.publish({ version: 5, topic: 'a', payload: 'x'.repeat(300) }),
  p.publish({ version: 5, topic: 'b', qos: 1, properties: p.properties(p.userProperty('k', 'v')) }),
  p.pingreq,
  p.subscribe(1, [['a', 0]], p.properties()),
  p.publish({ version: 5, topic: 'c', properties: p.properties([0x23, 0, 1], [1, 1]) }),
  p.puback(1),
  p.unsubscribe(2, ['a'], p.properties()),
  p.disconnect(),
]);

test('fragmented by 1 to 7 bytes, the runs together are the stream', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 7 }), { minLength: mixed.length, maxLength: mixed.length }),
      (sizes) => {
        const target = reader(5);
        const bytes: Buffer[] = [];
        const controls: string[] = [];
        const blocks: string[] = [];
        let packets = 0;
        for (let at = 0, turn = 0; at < mixed.length; turn++) {
          const size = sizes[turn] ?? 7;
          target.push(mixed.subarray(at, at + size));
          at += size;
          for (let run = target.next(); run !== null; run = target.next()) {
            bytes.push(run);
            packets += target.packets;
            if (target.control !== null) controls.push(target.control.type);
            for (const block of target.properties) blocks.push(Buffer.from(block).toString('hex'));
          }
        }
        assert.equal(target.fault, null);
        assert.deepEqual(Buffer.concat(bytes), mixed);
        assert.equal(packets, 8);
        assert.deepEqual(controls, ['subscribe', 'unsubscribe', 'disconnect']);
        assert.deepEqual(blocks, ['', '2600016b000176', '0101'], 'the topic alias is left out');
        assert.equal(target.buffered, 0);
      },
    ),
    { numRuns: 200 },
  );
});

test('a run ends before and after a packet that travels alone, and at 64 packets', () => {
  const target = reader(4);
  target.push(
    Buffer.concat([
      ...Array<Buffer>(70).fill(p.publish()),
      p.subscribe(1, [['a', 0]]),
      p.publish(),
      p.disconnect(),
    ]),
  );
  const counts: number[] = [];
  for (let run = target.next(); run !== null; run = target.next()) counts.push(target.packets);
  assert.deepEqual(counts, [64, 6, 1, 1, 1]);
});

test('packets before a bad one are handed out first', () => {
  const target = reader(4);
  target.push(Buffer.concat([p.publish(), p.publish(), p.publish({ topic: '#' }), p.publish()]));
  assert.equal(target.next()?.length, p.publish().length * 2);
  assert.equal(target.next(), null);
  assert.equal(target.fault, Faults.TOPIC_WILDCARD);
});

test('what is held is bounded by what arrived, not by what was announced', () => {
  const target = reader(4);
  target.push(Buffer.from([0x30, 0xff, 0x4d]));
  assert.equal(target.next(), null);
  assert.equal(target.buffered, 3);
});

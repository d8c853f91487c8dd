import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OutboundPublish } from '../../src/mod.ts';
import { publishWireBytes } from '../../src/mod.ts';
import { encodePublish } from '../../src/wire/publish-encoder.ts';
import { encodeAuth } from '../../src/wire/auth-packet.ts';
import {
  encodeDisconnect,
  encodeExplained,
  encodeRefusal,
  encodeSubscribed,
  encodeUnsubscribed,
} from '../../src/wire/server-packet.ts';

const hex = (bytes: Buffer): string => bytes.toString('hex');

test('refusals, SUBACK, UNSUBACK and DISCONNECT as each version has them', () => {
  const packets: [name: string, packet: Buffer | null, expected: string | null][] = [
    ['3.1.1, credentials', encodeRefusal(4, { reason: 0x86, text: 'no' }, 0), '20020004'],
    ['3.1, identifier', encodeRefusal(3, { reason: 0x85, text: 'no' }, 0), '20020002'],
    ['3.1.1, quota', encodeRefusal(4, { reason: 0x97, text: '' }, 0), '20020003'],
    ['5, quota', encodeRefusal(5, { reason: 0x97, text: '' }, 0), '2003009700'],
    ['5 with a reason string', encodeRefusal(5, { reason: 0x97, text: 'ab' }, 0), '20080097051f00026162'],
    [
      '5 with a reference',
      encodeRefusal(5, { reason: 0x9d, text: '', serverReference: 'h' }, 0),
      '2007009d041c000168',
    ],
    ['unknown version', encodeRefusal(0, { reason: 0x84, text: '' }, 0), '2003008400'],
    ['SUBACK 3.1.1', encodeSubscribed(4, { packetId: 258, reasons: [0, 1, 2, 0x97] }, 0), '9006010200010280'],
    ['SUBACK 5', encodeSubscribed(5, { packetId: 258, reasons: [0, 0x97] }, 0), '90050102000097'],
    [
      'SUBACK 5, explained',
      encodeSubscribed(5, { packetId: 258, reasons: [0x97], text: 'a' }, 0),
      '90080102041f00016197',
    ],
    [
      'SUBACK 5, explanation too large',
      encodeSubscribed(5, { packetId: 1, reasons: [0x97], text: 'a' }, 9),
      '900400010097',
    ],
    ['SUBACK 5, all too large', encodeSubscribed(5, { packetId: 1, reasons: [0x97], text: 'a' }, 5), null],
    ['UNSUBACK 3.1.1', encodeUnsubscribed(4, { packetId: 258, reasons: [0, 0x11] }, 0), 'b0020102'],
    ['UNSUBACK 5', encodeUnsubscribed(5, { packetId: 258, reasons: [0, 0x11] }, 0), 'b0050102000011'],
    ['PUBACK, explained', encodeExplained(4, 258, 0x99, 'ab', 0), '40090102990 51f00026162'.replace(' ', '')],
    ['PUBACK, too large', encodeExplained(4, 258, 0x99, 'ab', 10), null],
    ['DISCONNECT', encodeDisconnect({ reason: 0x8e, text: '' }, 0), 'e0018e'],
    ['DISCONNECT, explained', encodeDisconnect({ reason: 0x8e, text: 'ab' }, 0), 'e0078e051f00026162'],
    ['DISCONNECT, explanation too large', encodeDisconnect({ reason: 0x8e, text: 'ab' }, 8), 'e0018e'],
    [
      'DISCONNECT elsewhere',
      encodeDisconnect({ reason: 0x9c, text: 'ab', serverReference: 'h' }, 0),
      'e00b9c091c0001681f00026162',
    ],
    [
      'DISCONNECT elsewhere, explanation too large',
      encodeDisconnect({ reason: 0x9c, text: 'ab', serverReference: 'h' }, 12),
      'e0069c041c000168',
    ],
    ['AUTH', encodeAuth(0x18, 'M', Buffer.from('x'), 0), 'f00a1808150001 4d16000178'.replace(' ', '')],
    ['AUTH without data', encodeAuth(0, 'M', undefined, 0), 'f006000415 00014d'.replace(' ', '')],
    ['AUTH, too large', encodeAuth(0x18, 'M', Buffer.from('x'), 11), null],
  ];
  for (const [name, packet, expected] of packets) {
    assert.equal(packet === null ? null : hex(packet), expected, name);
  }
});

test('a reason string is cut between characters, and holds no U+0000', () => {
  for (const [text, kept] of [
    ['x'.repeat(5000), 'x'.repeat(256)],
    ['x' + 'ä'.repeat(300), 'x' + 'ä'.repeat(127)],
    ['a\0b', 'ab'],
  ] as const) {
    const packet = encodeDisconnect({ reason: 0x80, text }, 0);
    const at = packet.indexOf(0x1f);
    assert.equal(packet.toString('utf8', at + 3), kept);
    assert.equal(packet.readUInt16BE(at + 1), Buffer.byteLength(kept));
  }
});

const base: OutboundPublish = {
  topic: 'a/b',
  payload: Buffer.from('hi'),
  qos: 0,
  retain: false,
  dup: false,
  packetId: 7,
  properties: Buffer.from([1, 1]),
  subscriptionIdentifiers: [],
};

const publishes: [version: 3 | 4 | 5, publish: OutboundPublish, expected: string][] = [
  [4, base, '30070003612f626869'],
  [4, { ...base, dup: true }, '30070003612f626869'],
  [4, { ...base, qos: 1, retain: true }, '33090003612f6200076869'],
  [3, { ...base, qos: 2, dup: true }, '3c090003612f6200076869'],
  [5, base, '300a0003612f620201016869'],
  [5, { ...base, qos: 1, subscriptionIdentifiers: [1, 300] }, '32110003612f6200070701010b010bac026869'],
  [5, { ...base, properties: Buffer.alloc(0), payload: Buffer.alloc(0) }, '30060003612f6200'],
];

test('PUBLISH carries its properties unchanged and every subscription identifier', () => {
  for (const [version, publish, expected] of publishes) {
    const bytes = Buffer.concat(encodePublish(version, publish));
    assert.equal(hex(bytes), expected);
    assert.equal(publishWireBytes(version, publish), bytes.length);
  }
  const large = { ...base, payload: Buffer.alloc(100_000) };
  const parts = encodePublish(4, large);
  assert.equal(parts[1], large.payload, 'a large payload is not copied');
  assert.equal(Buffer.concat(parts).length, publishWireBytes(4, large));
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OutboundPublish } from '../../src/mod.ts';
import { publishWireBytes } from '../../src/mod.ts';
import { encodePublish } from '../../src/wire/publish-encoder.ts';
import {
  encodeDisconnect,
  encodeRefusal,
  encodeSubscribed,
  encodeUnsubscribed,
} from '../../src/wire/server-packet.ts';

const hex = (bytes: Buffer): string => bytes.toString('hex');

test('refusals, SUBACK, UNSUBACK and DISCONNECT as each version has them', () => {
  assert.equal(hex(encodeRefusal(4, 0x86)), '20020004');
  assert.equal(hex(encodeRefusal(3, 0x85)), '20020002');
  assert.equal(hex(encodeRefusal(4, 0x97)), '20020003');
  assert.equal(hex(encodeRefusal(5, 0x97)), '2003009700');
  assert.equal(hex(encodeRefusal(0, 0x84)), '2003008400');
  assert.equal(hex(encodeSubscribed(4, 258, [0, 1, 2, 0x97])), '9006010200010280');
  assert.equal(hex(encodeSubscribed(5, 258, [0, 0x97])), '90050102000097');
  assert.equal(hex(encodeUnsubscribed(4, 258, [0, 0x11])), 'b0020102');
  assert.equal(hex(encodeUnsubscribed(5, 258, [0, 0x11])), 'b00501020000 11'.replace(' ', ''));
  assert.equal(hex(encodeDisconnect(0x8e, '', 0)), 'e0018e');
  assert.equal(hex(encodeDisconnect(0x8e, 'ab', 0)), 'e0078e051f00026162');
  assert.equal(
    hex(encodeDisconnect(0x8e, 'ab', 8)),
    'e0018e',
    'no reason string beyond the maximum packet size',
  );
  assert.equal(encodeDisconnect(0x8e, 'x'.repeat(5000), 0).length, 1 + 2 + 1 + 2 + 3 + 256);
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

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parser, type Packet } from 'mqtt-packet';
import { decodePublishProperties } from '@tributary/contracts';
import type { OutboundPublish } from '../../src/mod.ts';
import { encodePublish } from '../../src/wire/publish-encoder.ts';
import {
  encodeDisconnect,
  encodeRefusal,
  encodeSubscribed,
  encodeUnsubscribed,
} from '../../src/wire/server-packet.ts';
import { variableBytes, writeVariable } from '../../src/wire/variable-integer.ts';
import { block, id, payload, qos, topic, version } from './packet-arbitraries.ts';

/** What we encode is decoded by mqtt-packet, which others wrote. */

function decoded(bytes: Uint8Array, protocolVersion: 3 | 4 | 5): Packet {
  const packets: Packet[] = [];
  const reading = parser({ protocolVersion });
  reading.on('packet', (packet) => packets.push(packet));
  reading.on('error', (error: Error) => assert.fail(error));
  reading.parse(Buffer.from(bytes));
  assert.equal(packets.length, 1);
  return packets[0] ?? assert.fail();
}

test('a PUBLISH of ours is read by another as it was meant', () => {
  const publish = fc.record({
    ...{ topic, payload, qos, retain: fc.boolean(), dup: fc.boolean(), packetId: id, properties: block },
    subscriptionIdentifiers: fc.array(fc.integer({ min: 1, max: 268_435_455 }), { maxLength: 3 }),
  });
  fc.assert(
    fc.property(version, publish, (protocolVersion, given: OutboundPublish) => {
      const bytes = Buffer.concat(encodePublish(protocolVersion, given));
      const packet = decoded(bytes, protocolVersion);
      assert.ok(packet.cmd === 'publish');
      assert.equal(packet.topic, given.topic);
      assert.deepEqual(Buffer.from(packet.payload), Buffer.from(given.payload));
      assert.deepEqual([packet.qos, packet.retain], [given.qos, given.retain]);
      assert.equal(packet.dup, given.dup && given.qos > 0);
      if (given.qos > 0) assert.equal(packet.messageId, given.packetId);
      if (protocolVersion !== 5) return;
      const wanted = decodePublishProperties(given.properties);
      const { properties = {} } = packet;
      assert.equal(properties.messageExpiryInterval, wanted.messageExpiry);
      assert.equal(properties.contentType, wanted.contentType);
      assert.equal(properties.responseTopic, wanted.responseTopic);
      const ids = properties.subscriptionIdentifier ?? [];
      assert.deepEqual(Array.isArray(ids) ? ids : [ids], given.subscriptionIdentifiers);
      // Its user properties are an object, so what stands there raw is compared.
      assert.ok(bytes.includes(Buffer.from(given.properties)));
    }),
    { numRuns: 300 },
  );
});

test('SUBACK, UNSUBACK, CONNACK and DISCONNECT of ours are read by another as they were meant', () => {
  const code = fc.constantFrom(0, 1, 2, 0x80, 0x83, 0x87, 0x8f, 0x97, 0x9e);
  const reason = fc.constantFrom(0x80, 0x81, 0x82, 0x83, 0x87, 0x89, 0x8b, 0x8d, 0x8e, 0x93, 0x95, 0x97);
  const words = fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(
      version,
      id,
      fc.array(code, { minLength: 1, maxLength: 200 }),
      reason,
      words,
      (protocolVersion, packetId, codes, why, said) => {
        const granted = encodeSubscribed(protocolVersion, { packetId, reasons: codes, text: said }, 0);
        const suback = decoded(granted ?? assert.fail(), protocolVersion);
        assert.ok(suback.cmd === 'suback');
        const old = codes.map((one) => (one >= 0x80 ? 0x80 : one));
        assert.deepEqual([suback.messageId, suback.granted], [packetId, protocolVersion === 5 ? codes : old]);
        const results = codes.map((one) => (one >= 0x80 ? 0x80 : one === 0 ? 0 : 0x11));
        const gone = encodeUnsubscribed(protocolVersion, { packetId, reasons: results }, 0);
        const unsuback = decoded(gone ?? assert.fail(), protocolVersion);
        assert.ok(unsuback.cmd === 'unsuback');
        assert.equal(unsuback.messageId, packetId);
        if (protocolVersion === 5) assert.deepEqual(unsuback.granted, results);
        const parting = { reason: why, text: said };
        const connack = decoded(encodeRefusal(protocolVersion, parting, 0), protocolVersion);
        assert.ok(connack.cmd === 'connack');
        if (protocolVersion === 5) assert.equal(connack.reasonCode, why);
        else assert.ok((connack.returnCode ?? 0) >= 1 && (connack.returnCode ?? 0) <= 5);
        const disconnect = decoded(encodeDisconnect(parting, 0), 5);
        assert.ok(disconnect.cmd === 'disconnect');
        assert.deepEqual([disconnect.reasonCode, disconnect.properties?.reasonString], [why, said]);
        assert.ok(encodeDisconnect(parting, 10).length <= 10);
      },
    ),
    { numRuns: 300 },
  );
});

test('variable byte integers are as short as they can be, and of the length that was foretold', () => {
  const edges = [0, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152, 268_435_455];
  const value = fc.oneof(fc.constantFrom(...edges), fc.nat(268_435_455));
  fc.assert(
    fc.property(value, (number) => {
      const buffer = Buffer.alloc(8);
      const end = writeVariable(buffer, 0, number);
      assert.equal(end, variableBytes(number));
      let back = 0;
      for (let at = 0; at < end; at++) back += ((buffer[at] ?? 0) & 127) * 128 ** at;
      assert.equal(back, number);
      assert.ok(end === 1 || (buffer[end - 1] ?? 0) > 0);
    }),
  );
});

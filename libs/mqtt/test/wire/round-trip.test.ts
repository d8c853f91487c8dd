import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { generate, parser, type Packet } from 'mqtt-packet';
import { decodePublishProperties, encodePublishProperties } from '@tributary/contracts';
import { defaultEngineOptions, type OutboundPublish, type QoS } from '../../src/mod.ts';
import { ByteBudget } from '../../src/wire/byte-budget.ts';
import { PacketReader } from '../../src/wire/packet-reader.ts';
import { PublishCheck } from '../../src/wire/publish-check.ts';
import { encodePublish } from '../../src/wire/publish-encoder.ts';
import {
  encodeDisconnect,
  encodeRefusal,
  encodeSubscribed,
  encodeUnsubscribed,
} from '../../src/wire/server-packet.ts';
import { variableBytes, writeVariable } from '../../src/wire/variable-integer.ts';

/** mqtt-packet, which others wrote, stands at the other end: what one encodes the other decodes. */

const limits = { ...defaultEngineOptions, maxPacketBytes: 1 << 20, maxConnectBytes: 1 << 20 };

const version = fc.constantFrom<3 | 4 | 5>(3, 4, 5);
const qos = fc.constantFrom<QoS>(0, 1, 2);
const id = fc.integer({ min: 1, max: 65535 });
/** MQTT's strings: well-formed, without U+0000. mqtt-packet would take U+FEFF off nothing, so it is among them. */
const text = fc
  .string({ unit: 'grapheme-composite', maxLength: 20 })
  .filter((value) => !value.includes('\0'));
const level = text.map((value) => value.replaceAll(/[+#/]/g, '-'));
const topic = fc
  .array(level, { minLength: 1, maxLength: 5 })
  .map((levels) => levels.join('/'))
  .filter((value) => value !== '');
const payload = fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.constant(new Uint8Array(70_000).fill(7)));
const block = fc
  .record(
    {
      payloadFormat: fc.constantFrom<0 | 1>(0, 1),
      messageExpiry: fc.nat(0xffffffff),
      contentType: text,
      responseTopic: topic,
      correlationData: fc.uint8Array({ maxLength: 20 }),
      userProperties: fc.array(fc.tuple(text, text), { maxLength: 4 }),
    },
    { requiredKeys: ['userProperties'] },
  )
  .map((properties) => encodePublishProperties(properties));

function decoded(bytes: Uint8Array, protocolVersion: 3 | 4 | 5): Packet {
  const packets: Packet[] = [];
  const reading = parser({ protocolVersion });
  reading.on('packet', (packet) => packets.push(packet));
  reading.on('error', (error) => assert.fail(error));
  reading.parse(Buffer.from(bytes));
  assert.equal(packets.length, 1);
  return packets[0] ?? assert.fail();
}

function reader(protocolVersion: number, bytes: Uint8Array): PacketReader {
  const made = new PacketReader(limits, new PublishCheck(limits), new ByteBudget(Infinity));
  made.version = protocolVersion;
  made.push(Buffer.from(bytes));
  made.next();
  assert.equal(made.fault, null, made.fault?.text);
  return made;
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

test('a PUBLISH of another is read by us as it was meant', () => {
  const given = fc.record({ topic, payload, qos, retain: fc.boolean(), dup: fc.boolean(), messageId: id });
  const properties = fc.record(
    {
      payloadFormatIndicator: fc.boolean(),
      messageExpiryInterval: fc.nat(0xffffffff),
      contentType: text,
      responseTopic: topic,
      correlationData: fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
      topicAlias: fc.integer({ min: 1, max: 8 }),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(version, given, properties, (protocolVersion, publish, extra) => {
      const dup = publish.dup && publish.qos > 0;
      const bytes = generate(
        { cmd: 'publish', ...publish, dup, payload: Buffer.from(publish.payload), properties: extra },
        { protocolVersion },
      );
      const read = reader(protocolVersion, bytes);
      assert.equal(read.packets, 1);
      if (protocolVersion !== 5) return;
      assert.deepEqual(read.topicAliases, [extra.topicAlias ?? 0]);
      const found = decodePublishProperties(read.properties[0] ?? Buffer.alloc(0));
      assert.equal(found.messageExpiry, extra.messageExpiryInterval);
      assert.equal(found.contentType, extra.contentType);
      assert.equal(found.responseTopic, extra.responseTopic);
      assert.deepEqual(found.correlationData && Buffer.from(found.correlationData), extra.correlationData);
      assert.equal(
        found.payloadFormat,
        extra.payloadFormatIndicator === undefined ? undefined : Number(extra.payloadFormatIndicator),
      );
    }),
    { numRuns: 300 },
  );
});

test('a CONNECT of another is read by us as it was meant', () => {
  const will = fc.record({
    topic,
    payload: fc.uint8Array({ maxLength: 50 }),
    qos,
    retain: fc.boolean(),
    delay: fc.nat(1000),
  });
  const given = fc.record({
    ...{ clientId: text.filter((value) => value !== ''), clean: fc.boolean(), keepalive: fc.nat(65535) },
    will: fc.option(will),
    username: fc.option(text.filter((value) => value !== '')),
    password: fc.option(fc.uint8Array({ minLength: 1, maxLength: 20 })),
    sessionExpiry: fc.integer({ min: 1, max: 0xffffffff }),
    receiveMaximum: id,
  });
  fc.assert(
    fc.property(version, given, (protocolVersion, { will, username, password, ...fields }) => {
      const bytes = generate({
        cmd: 'connect',
        protocolId: protocolVersion === 3 ? 'MQIsdp' : 'MQTT',
        protocolVersion,
        ...{ clientId: fields.clientId, clean: fields.clean, keepalive: fields.keepalive },
        ...(username !== null && { username }),
        ...(username !== null && password !== null && { password: Buffer.from(password) }),
        ...(will && {
          will: {
            ...{ topic: will.topic, payload: Buffer.from(will.payload), qos: will.qos, retain: will.retain },
            ...(protocolVersion === 5 && { properties: { willDelayInterval: will.delay } }),
          },
        }),
        properties: { sessionExpiryInterval: fields.sessionExpiry, receiveMaximum: fields.receiveMaximum },
      });
      const { control } = reader(0, bytes);
      assert.ok(control?.type === 'connect');
      const { packet } = control;
      assert.equal(packet.protocolVersion, protocolVersion);
      assert.deepEqual(
        [packet.clientId, packet.cleanStart, packet.keepAlive],
        [fields.clientId, fields.clean, fields.keepalive],
      );
      assert.equal(packet.username, username ?? undefined);
      const secret = username === null ? null : password;
      assert.deepEqual(
        packet.password && Buffer.from(packet.password),
        secret ? Buffer.from(secret) : undefined,
      );
      if (protocolVersion === 5) {
        assert.deepEqual(
          [packet.sessionExpiry, packet.receiveMaximum],
          [fields.sessionExpiry, fields.receiveMaximum],
        );
      }
      assert.equal(packet.will === undefined, will === null);
      if (packet.will === undefined || will === null) return;
      assert.deepEqual(
        [packet.will.topic, Buffer.from(packet.will.payload), packet.will.qos, packet.will.retain],
        [will.topic, Buffer.from(will.payload), will.qos, will.retain],
      );
      assert.equal(packet.will.delay, protocolVersion === 5 ? will.delay : 0);
    }),
    { numRuns: 300 },
  );
});

test('SUBSCRIBE and UNSUBSCRIBE of another are read by us as they were meant', () => {
  const subscription = fc.record({
    topic,
    qos,
    nl: fc.boolean(),
    rap: fc.boolean(),
    rh: fc.constantFrom(0, 1, 2),
  });
  const subscriptions = fc.array(subscription, { minLength: 1, maxLength: 5 });
  const identifier = fc.integer({ min: 1, max: 268_435_455 });
  fc.assert(
    fc.property(
      version,
      id,
      subscriptions,
      identifier,
      (protocolVersion, messageId, list, subscriptionIdentifier) => {
        const options = { protocolVersion };
        const properties = { subscriptionIdentifier };
        const five = protocolVersion === 5;
        const asked = reader(
          protocolVersion,
          generate(
            { cmd: 'subscribe', messageId, subscriptions: list, ...(five && { properties }) },
            options,
          ),
        ).control;
        assert.ok(asked?.type === 'subscribe');
        assert.equal(asked.request.packetId, messageId);
        assert.equal(asked.request.subscriptionIdentifier, five ? subscriptionIdentifier : 0);
        assert.deepEqual(
          asked.request.subscriptions,
          list.map(({ topic: filter, qos: most, nl, rap, rh }) => ({
            ...{ filter, qos: most, noLocal: five && nl, retainAsPublished: five && rap },
            retainHandling: five ? rh : 0,
          })),
        );
        const unsubscriptions = list.map(({ topic: filter }) => filter);
        const left = reader(
          protocolVersion,
          generate({ cmd: 'unsubscribe', messageId, unsubscriptions }, options),
        ).control;
        assert.ok(left?.type === 'unsubscribe');
        assert.deepEqual(left.request, { packetId: messageId, filters: unsubscriptions });
      },
    ),
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

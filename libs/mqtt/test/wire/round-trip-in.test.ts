import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { generate } from 'mqtt-packet';
import { decodePublishProperties } from '@tributary/contracts';
import { defaultEngineOptions } from '../../src/mod.ts';
import { ByteBudget } from '../../src/wire/byte-budget.ts';
import { PacketReader } from '../../src/wire/packet-reader.ts';
import { PublishCheck } from '../../src/wire/publish-check.ts';
import { id, payload, qos, text, topic, version } from './packet-arbitraries.ts';

/** What mqtt-packet, which others wrote, encodes is decoded by us. */

const limits = { ...defaultEngineOptions, maxPacketBytes: 1 << 20, maxConnectBytes: 1 << 20 };

function reader(protocolVersion: number, bytes: Uint8Array): PacketReader {
  const made = new PacketReader(limits, new PublishCheck(limits), new ByteBudget(Infinity));
  made.version = protocolVersion;
  made.push(Buffer.from(bytes));
  made.next();
  assert.equal(made.fault, null, made.fault?.text);
  return made;
}

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

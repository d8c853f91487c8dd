import fc from 'fast-check';
import { encodePublishProperties } from '@tributary/contracts';
import type { QoS } from '../../src/mod.ts';

export const version = fc.constantFrom<3 | 4 | 5>(3, 4, 5);
export const qos = fc.constantFrom<QoS>(0, 1, 2);
export const id = fc.integer({ min: 1, max: 65535 });
/** MQTT's strings: well-formed, without U+0000. mqtt-packet would take U+FEFF off nothing, so it is among them. */
export const text = fc
  .string({ unit: 'grapheme-composite', maxLength: 20 })
  .filter((value) => !value.includes('\0'));
const level = text.map((value) => value.replaceAll(/[+#/]/g, '-'));
export const topic = fc
  .array(level, { minLength: 1, maxLength: 5 })
  .map((levels) => levels.join('/'))
  .filter((value) => value !== '');
export const payload = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.constant(new Uint8Array(70_000).fill(7)),
);
export const block = fc
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

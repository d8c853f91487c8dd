import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KafkaDriverError } from '../../src/mod.ts';
import { addressKey, parseAddress } from '../../src/wire/addresses.ts';

for (const [text, host, port] of [
  ['kafka:19092', 'kafka', 19092],
  ['kafka', 'kafka', 9092],
  [' b-1.example.org:9098 ', 'b-1.example.org', 9098],
  ['[::1]:9092', '::1', 9092],
] as const) {
  test(`"${text}" is ${host}, port ${port}`, () => assert.deepEqual(parseAddress(text), { host, port }));
}

for (const text of ['', ':9092', 'kafka:0', 'kafka:70000', 'kafka://host:9092', 'a:b', '::1:9092']) {
  test(`"${text}" is refused`, () => {
    assert.throws(() => parseAddress(text), KafkaDriverError);
  });
}

test('a key can be parsed again', () => {
  assert.deepEqual(parseAddress(addressKey({ host: '::1', port: 1 })), { host: '::1', port: 1 });
});

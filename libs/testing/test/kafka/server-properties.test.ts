import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serverProperties } from '../../src/kafka/server-properties.ts';

const SETTINGS = { host: 'localhost', port: 9092, controllerPort: 9093, logFolder: '/data/kafka' };

test('the broker advertises host and port exactly as asked', () => {
  const lines = serverProperties(SETTINGS).split('\n');
  assert.ok(lines.includes('listeners=CLIENTS://localhost:9092,CONTROLLER://127.0.0.1:9093'));
  assert.ok(lines.includes('advertised.listeners=CLIENTS://localhost:9092'));
  assert.ok(lines.includes('auto.create.topics.enable=false'));
});

test('given properties win', () => {
  const text = serverProperties({
    ...SETTINGS,
    properties: { 'auto.create.topics.enable': true, 'num.partitions': 3 },
  });
  assert.match(text, /^auto\.create\.topics\.enable=true$/m);
  assert.match(text, /^num\.partitions=3$/m);
  assert.doesNotMatch(text, /^auto\.create\.topics\.enable=false$/m);
});

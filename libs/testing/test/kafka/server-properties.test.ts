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

test('a node that is alone keeps everything once, one of three keeps it three times', () => {
  const alone = serverProperties(SETTINGS).split('\n');
  assert.ok(alone.includes('node.id=1'));
  assert.ok(alone.includes('controller.quorum.voters=1@127.0.0.1:9093'));
  assert.ok(alone.includes('transaction.state.log.min.isr=1'));
  const member = { index: 1, controllerPorts: [9083, 9093, 9103] };
  const second = serverProperties({ ...SETTINGS, member }).split('\n');
  assert.ok(second.includes('node.id=2'));
  assert.ok(second.includes('controller.quorum.voters=1@127.0.0.1:9083,2@127.0.0.1:9093,3@127.0.0.1:9103'));
  for (const name of ['default', 'offsets.topic', 'transaction.state.log']) {
    assert.ok(second.includes(`${name}.replication.factor=3`), name);
  }
  assert.ok(second.includes('min.insync.replicas=2'));
  assert.ok(second.includes('transaction.state.log.min.isr=2'));
});

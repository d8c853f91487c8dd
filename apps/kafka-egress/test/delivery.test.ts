import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { javaPartition } from '@tributary/kafka';
import { uniqueName, until } from '@tributary/testing';
import { EgressRig } from './fixture/egress-rig.ts';
import { countRecords, createTopic, readTopic } from './fixture/kafka-topics.ts';

let rig: EgressRig;

before(async () => {
  rig = await EgressRig.start();
});

after(async () => {
  await rig[Symbol.asyncDispose]();
});

test('records arrive with key, value, headers, timestamp and partition', async () => {
  const topic = uniqueName('delivered');
  await createTopic(rig.brokers, topic, 5);
  const feeder = await rig.feeder();
  const timestampMs = 1_700_000_000_123;
  const keys = ['18/423', '', 'ein schlüssel', 'a', 'ab', 'abc', 'abcd'];
  await feeder.feed(
    keys.map((key) => ({
      topic,
      key,
      value: `value of ${key}`,
      timestampMs,
      headers: [
        ['mqtt.topic', Buffer.from('a/b')],
        ['user', Buffer.from('one')],
        ['user', Buffer.from('two')],
      ],
    })),
  );
  await feeder.feed([{ topic, key: null, value: 'no key', timestampMs }], 1);
  await feeder.feed([]);
  await using egress = await rig.egress();
  await until(async () => (await countRecords(rig.brokers, topic)) >= keys.length + 1, { timeoutMs: 30_000 });

  const consumed = await readTopic(rig.brokers, topic);
  assert.equal(consumed.length, keys.length + 1);
  for (const key of keys) {
    const record = consumed.find((each) => each.key === key);
    assert.ok(record, `record with key "${key}"`);
    assert.equal(record.value, `value of ${key}`);
    assert.equal(record.timestampMs, timestampMs);
    assert.equal(record.partition, javaPartition(Buffer.from(key), 5));
    assert.deepEqual(record.headers, { 'mqtt.topic': 'a/b', user: ['one', 'two'] });
  }
  assert.equal(consumed.find(({ key }) => key === null)?.value, 'no key');
  await until(async () => (await rig.outState()).first_seq >= 2, { what: 'OUT is trimmed' });
  assert.equal((await rig.outState()).messages >= 1, true);
  const metrics = await (await egress.get('/metrics')).text();
  assert.match(metrics, /tributary_egress_records_total\{cluster="main",partition="0"\} 8/);
});

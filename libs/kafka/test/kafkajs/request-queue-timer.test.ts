import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { sharedKafka, uniqueName } from '@tributary/testing';
import { createProducerDriver, KafkaAdmin } from '../../src/mod.ts';

test('an idle kafkajs connection sets no timers below zero, and no others either', async () => {
  const brokers = await sharedKafka();
  const topic = uniqueName('idle');
  await using admin = new KafkaAdmin({ brokers, clientId: 'test' });
  await admin.createTopics([{ topic, partitions: 1, replication: 1 }]);
  const warnings: string[] = [];
  const onWarning = ({ name }: Error): void => void warnings.push(name);
  process.on('warning', onWarning);
  const setTimer = globalThis.setTimeout;
  let timers = 0;
  await using driver = createProducerDriver({ driver: 'kafkajs', brokers, clientId: 'test' });
  const record = { topic, partition: 0, key: null, headers: [], timestampMs: 1_000 };
  await driver.connect();
  await driver.send([{ ...record, value: Buffer.from('first') }]);
  await sleep(50);
  const counted = (...args: Parameters<typeof setTimer>): NodeJS.Timeout => {
    timers++;
    return setTimer(...args);
  };
  globalThis.setTimeout = Object.assign(counted, setTimer);
  try {
    await sleep(300);
  } finally {
    globalThis.setTimeout = setTimer;
    process.off('warning', onWarning);
  }
  await driver.send([{ ...record, value: Buffer.from('second') }]);
  assert.deepEqual(warnings, []);
  assert.ok(timers < 10, `${timers} timers in 300 ms`);
});

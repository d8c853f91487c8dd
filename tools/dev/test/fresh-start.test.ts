import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startKafka, TemporaryFolder, until } from '@tributary/testing';
import kafkajs from 'kafkajs';
import { connectAsync } from 'mqtt';
import { freeOffset, StartedPlatform } from './started-platform.ts';

const BEGINS_ANEW = /^--fresh: kafka-egress begins anew/m;

test('--fresh on a Kafka that knows an earlier log begins anew', { timeout: 600_000 }, async () => {
  using folder = new TemporaryFolder('fresh-start-test');
  await using kafka = await startKafka();
  const args = ['--kafka', kafka.brokers.join(','), '--port-offset', String(await freeOffset())];
  {
    await using first = new StartedPlatform(folder, args);
    await first.ready();
    await publish(first.run.mqtt, 'earlier');
    await arrived(kafka.brokers, ['earlier']);
    assert.doesNotMatch(first.screen, BEGINS_ANEW);
    assert.equal(await first.interrupt(), 0);
  }
  await using fresh = new StartedPlatform(folder, [...args, '--fresh']);
  await fresh.ready();
  assert.match(fresh.screen, BEGINS_ANEW);
  await publish(fresh.run.mqtt, 'anew');
  await arrived(kafka.brokers, ['earlier', 'anew']);
  assert.equal(await fresh.interrupt(), 0);
});

async function publish(url: string, text: string): Promise<void> {
  const device = await connectAsync(url, { clientId: 'kitchen' });
  await device.publishAsync('home/kitchen', text, { qos: 1 });
  await device.endAsync();
}

/** Resolves when the topic, read from its beginning, holds these values and no others. */
async function arrived(brokers: readonly string[], wanted: readonly string[]): Promise<void> {
  const kafka = new kafkajs.Kafka({ brokers: [...brokers], logLevel: kafkajs.logLevel.NOTHING });
  const consumer = kafka.consumer({ groupId: `fresh-start-test-${wanted.length}` });
  const values: string[] = [];
  await consumer.connect();
  try {
    const subscribed = () => consumer.subscribe({ topic: 'mqtt.messages', fromBeginning: true });
    await until(() => subscribed().then(() => true), { timeoutMs: 30_000 });
    await consumer.run({ eachMessage: async ({ message }) => void values.push(String(message.value)) });
    await until(() => values.length >= wanted.length, { what: 'the records arrive', timeoutMs: 30_000 });
  } finally {
    await consumer.disconnect();
  }
  assert.deepEqual(values.toSorted(), wanted.toSorted());
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import kafkajs from 'kafkajs';
import { kafkaAnswers } from '../../src/kafka/kafka-probe.ts';
import { startKafka } from '../../src/kafka/kafka-server.ts';
import { sharedKafka } from '../../src/kafka/shared-kafka.ts';
import { startNats } from '../../src/nats/nats-server.ts';
import { alive } from '../../src/process/alive.ts';
import { uniqueName } from '../../src/wait/unique-name.ts';
import { until } from '../../src/wait/until.ts';

test(
  'records survive a stop and a kill of the broker, which keeps its port',
  { timeout: 120_000 },
  async () => {
    await using kafka = await startKafka();
    const client = new kafkajs.Kafka({ brokers: kafka.brokers, logLevel: kafkajs.logLevel.NOTHING });
    const topic = uniqueName('orders');
    const admin = client.admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic, numPartitions: 1 }] });
    for (const [value, how] of [
      ['first', 'stop'],
      ['second', 'kill'],
    ] as const) {
      const producer = client.producer();
      await producer.connect();
      await producer.send({ topic, acks: -1, messages: [{ value }] });
      await producer.disconnect();
      await kafka.restart(how);
    }
    const received: string[] = [];
    const consumer = client.consumer({ groupId: uniqueName('group') });
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({ eachMessage: async ({ message }) => void received.push(String(message.value)) });
    await until(() => received.length === 2, { what: 'both records arrive', timeoutMs: 20_000 });
    assert.deepEqual(received, ['first', 'second']);
    await consumer.disconnect();
    await admin.disconnect();
  },
);

test('the shared broker answers', { timeout: 120_000 }, async () => {
  const [broker = ''] = await sharedKafka();
  const [host = '', port] = broker.split(':');
  await kafkaAnswers(host, Number(port));
  assert.equal(await sharedKafka().then(String), broker);
});

test('what is not a Kafka broker is told apart', async () => {
  await using nats = await startNats();
  await assert.rejects(kafkaAnswers(nats.host, nats.port, 1000), /not a Kafka broker/);
  assert.equal(alive(nats.pid), true);
});

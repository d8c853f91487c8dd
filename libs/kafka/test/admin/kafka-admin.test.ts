import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { sharedKafka, uniqueName } from '@tributary/testing';
import { KafkaAdmin } from '../../src/mod.ts';
import { failure } from '../support/failure.ts';

let brokers: string[];

before(async () => {
  brokers = await sharedKafka();
});

const admin = (options = {}): KafkaAdmin => new KafkaAdmin({ brokers, clientId: 'test-admin', ...options });

test('check names the cluster and its brokers', async () => {
  await using kafka = admin();
  const { clusterId, brokers: found } = await kafka.check();
  assert.ok(clusterId.length > 0);
  assert.deepEqual(
    found.map(({ host, port }) => `${host}:${port}`),
    brokers,
  );
});

test('check says quickly that nobody is there', async () => {
  await using kafka = admin({ brokers: ['127.0.0.1:1', '127.0.0.1:2'] });
  const error = await failure(kafka.check());
  assert.deepEqual([error.code, error.retryable], ['connection', true]);
});

test('a topic is created once, has leaders, and its partitions are known', async () => {
  await using kafka = admin();
  const topic = uniqueName('created');
  const wanted = [{ topic, partitions: 5, replication: 1, settings: { 'retention.ms': '1234567' } }];
  assert.deepEqual(await kafka.createTopics(wanted), [{ topic, created: true }]);
  assert.deepEqual(await kafka.createTopics(wanted), [{ topic, created: false }]);
  assert.equal(kafka.knownPartitions(topic), 5);
  assert.equal((await kafka.topicSettings(topic)).get('retention.ms'), '1234567');
  assert.deepEqual(await kafka.durability(topic), { replication: 1, minInSyncReplicas: 1 });
});

test('what the broker does not allow is said with what was asked for', async () => {
  await using kafka = admin();
  const topic = uniqueName('refused');
  const error = await failure(kafka.createTopics([{ topic, partitions: 3, replication: 7 }]));
  assert.deepEqual([error.code, error.topic, error.retryable], ['invalid-replication-factor', topic, false]);
  assert.match(error.message, /3 partitions and replication 7/);
  const impossible = await failure(
    kafka.createTopics([{ topic: 'no topic!', partitions: 1, replication: 1 }]),
  );
  assert.deepEqual([impossible.code, impossible.topicFault], ['invalid-topic-exception', true]);
});

test('a topic that is missing is a topic fault, at once', async () => {
  await using kafka = admin();
  const topic = uniqueName('missing');
  const started = performance.now();
  const error = await failure(kafka.partitionsOf(topic));
  assert.deepEqual([error.code, error.topicFault, error.topic], ['unknown-topic-or-partition', true, topic]);
  assert.ok(performance.now() - started < 1_000);
  assert.equal((await failure(kafka.topicSettings(topic))).code, 'unknown-topic-or-partition');
});

test('a partition count is remembered until it is old or forgotten', async () => {
  await using kafka = admin({ topicMaxAgeMs: 150 });
  const topic = uniqueName('count');
  assert.equal(kafka.knownPartitions(topic), undefined);
  await kafka.createTopics([{ topic, partitions: 2, replication: 1 }]);
  assert.equal(await kafka.partitionsOf(topic), 2);
  assert.equal(kafka.knownPartitions(topic), 2);
  kafka.forget(topic);
  assert.equal(kafka.knownPartitions(topic), undefined);
  assert.equal(await kafka.partitionsOf(topic), 2);
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.equal(kafka.knownPartitions(topic), undefined);
});

test('nothing can be asked after close', async () => {
  const kafka = admin();
  await kafka.check();
  await kafka.close();
  assert.equal((await failure(kafka.check())).code, 'driver-closed');
});

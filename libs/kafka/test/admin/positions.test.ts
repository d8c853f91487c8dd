import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { sharedKafka, uniqueName } from '@tributary/testing';
import kafkajs, { type Producer } from 'kafkajs';
import { createProducerDriver, KafkaAdmin, type Position, type ProducedRecord } from '../../src/mod.ts';
import { failure } from '../support/failure.ts';

let brokers: string[];
let kafka: KafkaAdmin;

before(async () => {
  brokers = await sharedKafka();
  kafka = new KafkaAdmin({ brokers, clientId: 'test-positions' });
});
after(() => kafka.close());

async function newTopic(partitions = 1): Promise<string> {
  const topic = uniqueName('positions');
  await kafka.ensurePositionsTopic({ topic, partitions, replication: 1 });
  return topic;
}

function at(sequence: number, part = 1): Position {
  return { incarnation: 'i-1', sequence, part, mapping: 3 };
}

function record(topic: string, key: string, value: unknown, partition = 0): ProducedRecord {
  const bytes =
    value === null ? null : Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
  return { topic, partition, key: Buffer.from(key), value: bytes, headers: [], timestampMs: Date.now() };
}

async function write(...records: ProducedRecord[]): Promise<void> {
  await using producer = createProducerDriver({ driver: 'platformatic', brokers, clientId: 'test' });
  await producer.connect();
  // One batch for each, so that they are read from many.
  for (const one of records) await producer.send([one]);
}

async function transactional(id: string): Promise<Producer> {
  const client = new kafkajs.Kafka({ clientId: 'test', brokers, logLevel: kafkajs.logLevel.NOTHING });
  const producer = client.producer({ transactionalId: id, maxInFlightRequests: 1, idempotent: true });
  await producer.connect();
  return producer;
}

test('a new topic of positions is compacted and empty, and ensuring it again changes nothing', async () => {
  const topic = await newTopic(2);
  await kafka.ensurePositionsTopic({ topic, partitions: 2, replication: 1 });
  assert.equal((await kafka.topicSettings(topic)).get('cleanup.policy'), 'compact');
  assert.deepEqual(await kafka.readPositions(topic), new Map());
});

for (const policy of ['delete', 'compact,delete']) {
  test(`a topic with cleanup.policy=${policy} is refused`, async () => {
    const topic = uniqueName('positions');
    await kafka.createTopics([
      { topic, partitions: 1, replication: 1, settings: { 'cleanup.policy': policy } },
    ]);
    const error = await failure(kafka.ensurePositionsTopic({ topic, partitions: 1, replication: 1 }));
    assert.deepEqual([error.code, error.topic, error.retryable], ['topic-settings', topic, false]);
  });
}

test('the newest value of each key counts, over all partitions; null takes a key away', async () => {
  const topic = await newTopic(3);
  await write(
    record(topic, 'main/0', at(1)),
    record(topic, 'main/1', at(5), 1),
    record(topic, 'main/0', at(2, 7)),
    record(topic, 'main/2', at(9), 2),
    record(topic, 'main/2', null, 2),
  );
  assert.deepEqual(
    await kafka.readPositions(topic),
    new Map([
      ['main/0', at(2, 7)],
      ['main/1', at(5)],
    ]),
  );
});

test('ten thousand positions are read quickly, and no consumer group is left behind', async () => {
  const topic = await newTopic();
  await using producer = createProducerDriver({
    driver: 'platformatic',
    brokers,
    clientId: 'test',
    compression: 'zstd',
  });
  await producer.connect();
  for (let i = 0; i < 10; i++) {
    await producer.send(
      Array.from({ length: 1_000 }, (_, n) => record(topic, `main/${n % 8}`, at(i * 1_000 + n))),
    );
  }
  const groups = await listGroups();
  const started = performance.now();
  const positions = await kafka.readPositions(topic);
  assert.ok(performance.now() - started < 2_000);
  assert.equal(positions.size, 8);
  assert.equal(positions.get('main/7')?.sequence, 9_999);
  assert.deepEqual(await listGroups(), groups);
});

test('positions of aborted transactions do not count, those of committed ones do', async () => {
  const topic = await newTopic();
  const producer = await transactional(uniqueName('txn'));
  for (const [sequence, commit] of [
    [1, true],
    [2, false],
    [3, true],
    [4, false],
  ] as const) {
    const transaction = await producer.transaction();
    const value = JSON.stringify(at(sequence));
    await transaction.send({ topic, messages: [{ key: 'main/0', value, partition: 0 }] });
    await (commit ? transaction.commit() : transaction.abort());
  }
  await producer.disconnect();
  assert.equal((await kafka.readPositions(topic)).get('main/0')?.sequence, 3);
});

test('a position behind the open transaction of another owner is not overlooked', async () => {
  const topic = await newTopic();
  const other = await transactional(uniqueName('other'));
  const own = await transactional(uniqueName('own'));
  const open = await other.transaction();
  await open.send({ topic, messages: [{ key: 'main/1', value: JSON.stringify(at(10)), partition: 0 }] });
  const transaction = await own.transaction();
  await transaction.send({
    topic,
    messages: [{ key: 'main/0', value: JSON.stringify(at(20)), partition: 0 }],
  });
  await transaction.commit();
  let done = false;
  const reading = kafka.readPositions(topic).finally(() => (done = true));
  await sleep(700);
  assert.equal(done, false, 'it waits for the open transaction');
  await open.abort();
  assert.deepEqual(await reading, new Map([['main/0', at(20)]]));
  await Promise.all([other.disconnect(), own.disconnect()]);
});

test('reading can be cut short', async () => {
  const topic = await newTopic();
  const other = await transactional(uniqueName('other'));
  const open = await other.transaction();
  await open.send({ topic, messages: [{ key: 'main/1', value: JSON.stringify(at(10)), partition: 0 }] });
  await assert.rejects(kafka.readPositions(topic, { signal: AbortSignal.timeout(300) }));
  await open.abort();
  await other.disconnect();
});

for (const value of [
  '{',
  '"text"',
  '{"incarnation":"i","sequence":-1,"part":1}',
  '{"sequence":1,"part":1}',
  '',
]) {
  test(`a value like ${value || 'nothing'} is never skipped`, async () => {
    const topic = await newTopic();
    await write(record(topic, 'main/0', at(1)), record(topic, 'main/0', value));
    const error = await failure(kafka.readPositions(topic));
    assert.deepEqual([error.code, error.topic, error.partition], ['position-unreadable', topic, 0]);
  });
}

test('a topic that is missing is a topic fault', async () => {
  assert.equal((await failure(kafka.readPositions(uniqueName('missing')))).topicFault, true);
});

async function listGroups(): Promise<string[]> {
  const admin = new kafkajs.Kafka({ clientId: 'test', brokers, logLevel: kafkajs.logLevel.NOTHING }).admin();
  await admin.connect();
  const { groups } = await admin.listGroups();
  await admin.disconnect();
  return groups.map(({ groupId }) => groupId).sort();
}

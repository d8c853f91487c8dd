import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { KafkaAdmin } from '@tributary/kafka';
import { uniqueName, until } from '@tributary/testing';
import { watchDurability } from '../src/cluster/durability-watch.ts';
import { EXACTLY_ONCE, ExactlyOnceRig, startProxiedKafka } from './fixture/exactly-once-rig.ts';
import { createTopic, deleteTopic, setTopic } from './fixture/kafka-topics.ts';
import { countedTest, readCommitted } from './fixture/read-committed.ts';

/*
 * What Kafka refuses, and what the mapping changes, while records flow: 0 lost, 0 doubled, 0 out of order, which `settle` asserts.
 */

let server: Awaited<ReturnType<typeof startProxiedKafka>>;
let flow: ExactlyOnceRig;

before(async () => {
  server = await startProxiedKafka();
});

beforeEach(async () => {
  flow = await ExactlyOnceRig.start([server.proxy.address]);
});

afterEach(async () => {
  server.proxy.intercept = () => 'pass';
  await flow[Symbol.asyncDispose]();
});

after(async () => {
  await server[Symbol.asyncDispose]();
});

countedTest('poison in the middle of batches becomes dead letters, once each', async () => {
  const narrow = uniqueName('narrow');
  await createTopic(flow.rig.brokers, narrow, 2, { 'max.message.bytes': '20000' });
  const egress = await flow.egress({ 'service.instance': 'same' });
  const poison = { topic: narrow, key: 'a', value: 'x'.repeat(30_000) };
  const late = { topic: narrow, key: 'a', value: 'late', timestampMs: Date.now() + 48 * 3_600_000 };
  for (let i = 0; i < 2; i++) {
    await sleep(300);
    await flow.insert(0, [
      { topic: narrow, key: 'a', value: `${3 * i}` },
      poison,
      { topic: narrow, key: 'a', value: `${3 * i + 1}` },
      late,
      { topic: narrow, key: 'a', value: `${3 * i + 2}` },
    ]);
  }
  await until(async () => (await flow.rig.deadLetters()).length >= 4, { timeoutMs: 30_000 });
  // Killed as soon as the dead letter is stored: whether or not the position has passed it, it is not stored twice.
  await flow.insert(0, [poison]);
  await until(async () => (await flow.rig.deadLetters()).length >= 5, { timeoutMs: 30_000 });
  await egress.restart('kill');
  await flow.settle('poison');
  const letters = await flow.rig.deadLetters();
  assert.deepEqual(letters.map(({ code }) => code).sort(), [
    'invalid-timestamp',
    'invalid-timestamp',
    'message-too-large',
    'message-too-large',
    'message-too-large',
  ]);
  const values = (await readCommitted(flow.rig.brokers, narrow)).map(({ value }) => value);
  assert.deepEqual(values, ['0', '1', '2', '3', '4', '5']);
});

countedTest(
  'a topic that is deleted midway holds up its partition, then its records become dead letters',
  async () => {
    const deleted = uniqueName('deleted');
    await createTopic(flow.rig.brokers, deleted, 1);
    await flow.egress({ 'egress.topicPatienceMs': 2_000 });
    await flow.insert(0, [{ topic: deleted, key: 'a', value: '0' }]);
    await until(async () => (await readCommitted(flow.rig.brokers, deleted)).length === 1, {
      timeoutMs: 30_000,
    });
    await deleteTopic(flow.rig.brokers, deleted);
    for (let i = 1; i <= 3; i++) await flow.insert(0, [{ topic: deleted, key: 'a', value: `${i}` }]);
    await until(async () => (await flow.rig.deadLetters()).length === 3, { timeoutMs: 30_000 });
    await flow.settle('topic deleted');
    const letters = await flow.rig.deadLetters();
    assert.deepEqual(
      letters.map(({ code, row }) => [code, row.value?.toString()]),
      ['1', '2', '3'].map((value) => ['unknown-topic-or-partition', value]),
    );
  },
);

countedTest('from at-least-once to exactly-once and back, with the same positions', async () => {
  const egress = await flow.egress({ 'service.instance': 'same' });
  for (const delivery of ['delivery: at-least-once', EXACTLY_ONCE, 'delivery: at-least-once', EXACTLY_ONCE]) {
    await sleep(700);
    await flow.rig.apply(delivery);
  }
  await sleep(1_500);
  await egress.restart('kill');
  await flow.settle('deliveries changed');
});

countedTest(
  'the mapping alone decides: with kafkajs as the driver of other clusters all the same',
  async () => {
    const egress = await flow.egress({ 'egress.driver': 'kafkajs' });
    await sleep(700);
    await egress.restart('kill');
    await flow.settle('driver of other clusters');
  },
);

countedTest('a topic with too few replicas in sync is a finding, until it is put right', async () => {
  const named = uniqueName('named');
  await createTopic(flow.rig.brokers, named, 1);
  await using admin = new KafkaAdmin({ brokers: flow.rig.brokers, clientId: 'durability' });
  const ending = new AbortController();
  const findings: (string | null)[] = [];
  const watching = watchDurability({
    admin,
    topics: () => [named],
    signal: ending.signal,
    onLook: (finding) => findings.push(finding),
  });
  await until(() => findings.length === 1, { what: 'the first look' });
  assert.match(
    findings[0] ?? '',
    new RegExp(
      `"${named}" has min.insync.replicas=1, and deployment.profile production needs 2: run kafka-configs.sh`,
    ),
  );
  await setTopic(flow.rig.brokers, [named], { 'min.insync.replicas': '2' });
  await until(() => findings.at(-1) === null, { what: 'the finding is gone', timeoutMs: 20_000 });
  ending.abort();
  await watching;
});

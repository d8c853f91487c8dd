import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { uniqueName, until } from '@tributary/testing';
import { EgressRig } from './fixture/egress-rig.ts';
import { countRecords, createTopic, kafkaClient, readTopic } from './fixture/kafka-topics.ts';

let rig: EgressRig;

afterEach(async () => {
  await rig[Symbol.asyncDispose]();
});

test('a missing topic is created as the mapping says', async () => {
  rig = await EgressRig.start({ cluster: 'createTopics: { partitions: 4, replication: 1 }' });
  const topic = uniqueName('created');
  const feeder = await rig.feeder();
  await rig.feedNumbered(feeder, { topic, keys: 10, messages: 2, rows: 20 });
  await rig.egress();
  await until(async () => (await countRecords(rig.brokers, topic)) === 40, { timeoutMs: 30_000 });
  const admin = kafkaClient(rig.brokers).admin();
  await admin.connect();
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
  await admin.disconnect();
  assert.equal(topics[0]?.partitions.length, 4);
  await until(async () => (await rig.outState()).first_seq === 2, { what: 'all is committed' });
});

test('the topics that the mapping names are there before the first record', async () => {
  const named = uniqueName('named');
  rig = await EgressRig.start({ cluster: 'createTopics: { partitions: 2, replication: 1 }', topic: named });
  await rig.egress();
  const admin = kafkaClient(rig.brokers).admin();
  await admin.connect();
  await until(async () => (await admin.listTopics()).includes(named), { what: 'the topic is there' });
  await admin.disconnect();
});

test('without that its records wait, then become dead letters; other partitions and later records go on', async () => {
  rig = await EgressRig.start({ partitions: 2 });
  const [missing, present] = [uniqueName('missing'), uniqueName('present')];
  await createTopic(rig.brokers, present, 2);
  const [one, two] = [await rig.feeder(0), await rig.feeder(1)];
  await one.feed([
    { topic: present, key: 'a', value: '0' },
    { topic: missing, key: 'a', value: '1' },
    { topic: present, key: 'a', value: '2' },
  ]);
  await two.feed([{ topic: present, key: 'b', value: '0' }]);
  const egress = await rig.egress({ 'egress.topicPatienceMs': 4_000 }, {}, 'endpoints');
  await until(async () => (await countRecords(rig.brokers, present)) === 1, {
    what: 'the other partition goes on',
  });
  const told = await until(async () => {
    const text = await (await egress.get('/readyz')).text();
    return text.includes(missing) && text;
  });
  assert.match(told, /does not exist: create it, or let Tributary do it by .*createTopics/);
  await until(async () => (await countRecords(rig.brokers, present)) === 3, { timeoutMs: 30_000 });
  const letters = await rig.deadLetters();
  assert.deepEqual(
    letters.map(({ code, row }) => [code, row.topic, row.value?.toString()]),
    [['unknown-topic-or-partition', missing, '1']],
  );

  // It used its patience up: its records become dead letters at once now ...
  const began = performance.now();
  await one.feed([
    { topic: missing, key: 'a', value: '3' },
    { topic: present, key: 'a', value: '4' },
  ]);
  await until(async () => (await countRecords(rig.brokers, present)) === 4);
  console.log({ afterGivenUpMs: Math.round(performance.now() - began) });
  assert.ok(performance.now() - began < 3_000, 'no second wait');
  assert.equal((await rig.deadLetters()).length, 2);
  // ... until somebody creates it.
  await createTopic(rig.brokers, missing, 1);
  await sleep(5_500);
  await one.feed([{ topic: missing, key: 'a', value: '5' }]);
  await until(async () => (await countRecords(rig.brokers, missing)) === 1);
});

for (const driver of ['kafkajs', 'platformatic']) {
  test(`${driver}: a topic deleted and created anew, with fewer partitions, is found again`, async () => {
    rig = await EgressRig.start();
    const topic = uniqueName('recreated');
    await createTopic(rig.brokers, topic, 6);
    const feeder = await rig.feeder();
    await rig.egress({ 'egress.driver': driver, 'egress.topicPatienceMs': 20_000 });
    await rig.feedNumbered(feeder, { topic, keys: 20, messages: 1, rows: 40 });
    await until(async () => (await countRecords(rig.brokers, topic)) === 40);
    const admin = kafkaClient(rig.brokers).admin();
    await admin.connect();
    await admin.deleteTopics({ topics: [topic] });
    await rig.feedNumbered(feeder, { topic, keys: 20, messages: 1, rows: 40, prefix: 'later' });
    await sleep(1_000);
    await createTopic(rig.brokers, topic, 2);
    await admin.disconnect();
    await until(async () => (await countRecords(rig.brokers, topic)) >= 40, { timeoutMs: 30_000 });
    const consumed = await readTopic(rig.brokers, topic);
    const later = new Set(
      consumed.filter(({ key }) => key?.startsWith('later')).map(({ key, value }) => `${key} ${value}`),
    );
    console.log({ driver, consumed: consumed.length, distinct: later.size });
    assert.equal(later.size, 40);
    assert.deepEqual(await rig.deadLetters(), []);
  });
}

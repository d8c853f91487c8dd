import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { KafkaApi, uniqueName, until } from '@tributary/testing';
import { atFrame, EXACTLY_ONCE, ExactlyOnceRig, startProxiedKafka } from './fixture/exactly-once-rig.ts';
import { createTopic, deleteTopic } from './fixture/kafka-topics.ts';
import { readCommitted } from './fixture/read-committed.ts';

/*
 * Faults while records flow, each time counted by a kafkajs consumer that reads committed records: 0 lost, 0 doubled, 0 out
 * of order, which `settle` asserts.
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

const steps = [
  ['InitProducerId', KafkaApi.initProducerId, 1],
  ['AddPartitionsToTxn', KafkaApi.addPartitionsToTxn, 7],
  ['Produce', KafkaApi.produce, 7],
  ['EndTxn', KafkaApi.endTxn, 7],
] as const;

test('killed before and after each step of a transaction', async () => {
  const egress = await flow.egress({ 'service.instance': 'same' });
  for (const [, api, nth] of steps.slice(1)) {
    for (const side of ['request', 'answer'] as const) {
      await atFrame(server.proxy, { api, side, nth, fate: 'cut' }, () => egress.kill());
      await egress.start();
    }
  }
  await flow.settle('killed at 6 places');
});

test('any answer is lost, and any request', async () => {
  await flow.egress();
  for (const [, api, nth] of steps.slice(1)) {
    for (const side of ['request', 'answer'] as const) {
      await atFrame(server.proxy, { api, side, nth, fate: 'cut' });
    }
  }
  await flow.settle('cut at 6 places');
});

test('the answer to a commit stays lost until its producer is given up: the position tells', async () => {
  const egress = await flow.egress({ 'egress.deliveryTimeoutMs': 1_000 });
  for (const side of ['answer', 'request'] as const) {
    await sleep(500);
    let cuts = 0;
    server.proxy.intercept = (frame) => {
      if (frame.api !== KafkaApi.endTxn || frame.side !== side) return 'pass';
      cuts++;
      return 'cut';
    };
    await sleep(2_500);
    server.proxy.intercept = () => 'pass';
    assert.ok(cuts > 3, `${cuts} commits were cut off`);
  }
  await flow.settle('commits of unknown outcome');
  const metrics = await (await egress.get('/metrics')).text();
  assert.match(metrics, /send_retries_total\{cluster="main",code="delivery-timeout"\} \d/);
});

for (const [what, api] of steps.slice(1)) {
  test(`an owner frozen before its ${what} wakes while another one works`, async () => {
    const old = await flow.egress({ 'service.instance': 'old' });
    await sleep(1_000);
    // What it sent just now stays on its way until it is awake again.
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    let frozen = 0;
    server.proxy.intercept = async (frame) => {
      if (frame.api !== api || frame.side !== 'request' || frozen++ > 1) return 'pass';
      old.pause();
      await held;
      return 'pass';
    };
    await until(() => frozen > 0);
    const next = await flow.egress({ 'service.instance': 'next' });
    const owned = async () => {
      const text = await (await next.get('/metrics')).text();
      return /tributary_leases_held\{kind="kafka-egress-main"\} 2/.test(text);
    };
    await until(owned, { what: 'the next one owns all', timeoutMs: 30_000 });
    await sleep(1_000);
    release();
    await sleep(200);
    old.resume();
    await sleep(1_000);
    await flow.settle(`two owners, the old one frozen before ${what}`);
  });
}

test('Kafka is killed in mid-transaction, and hangs for longer than a request may take', async () => {
  await flow.egress({ 'egress.requestTimeoutMs': 1_000 });
  await sleep(500);
  await atFrame(server.proxy, { api: KafkaApi.endTxn, side: 'request', nth: 3, fate: 'pass' }, () =>
    server.kafka.restart('kill'),
  );
  await sleep(1_000);
  await atFrame(server.proxy, { api: KafkaApi.endTxn, side: 'request', nth: 3, fate: 'pass' }, () => {
    server.kafka.pause();
    setTimeout(() => server.kafka.resume(), 2_500);
  });
  await sleep(3_500);
  await flow.settle('Kafka killed and frozen');
});

test('poison in the middle of batches becomes dead letters, once each', async () => {
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
  // Killed when the dead letter is stored and the position is not yet: the next one meets the same record.
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

test('a topic that is deleted midway holds up its partition, then its records become dead letters', async () => {
  const deleted = uniqueName('deleted');
  await createTopic(flow.rig.brokers, deleted, 1);
  await flow.egress({ 'egress.topicPatienceMs': 2_000 });
  await flow.insert(0, [{ topic: deleted, key: 'a', value: '0' }]);
  await sleep(1_000);
  await deleteTopic(flow.rig.brokers, deleted);
  for (let i = 1; i <= 3; i++) await flow.insert(0, [{ topic: deleted, key: 'a', value: `${i}` }]);
  await until(async () => (await flow.rig.deadLetters()).length === 3, { timeoutMs: 30_000 });
  await flow.settle('topic deleted');
  const letters = await flow.rig.deadLetters();
  assert.deepEqual(
    letters.map(({ code, row }) => [code, row.value?.toString()]),
    ['1', '2', '3'].map((value) => ['unknown-topic-or-partition', value]),
  );
});

test('from at-least-once to exactly-once and back, with the same positions', async () => {
  const egress = await flow.egress({ 'service.instance': 'same' });
  for (const delivery of ['delivery: at-least-once', EXACTLY_ONCE, 'delivery: at-least-once', EXACTLY_ONCE]) {
    await sleep(700);
    await flow.rig.apply(delivery);
  }
  await sleep(1_500);
  await egress.restart('kill');
  await flow.settle('deliveries changed');
});

test('a driver without transactions is a finding that says what to set', async () => {
  const egress = await flow.rig.egress({ 'egress.driver': 'kafkajs' }, {}, 'endpoints');
  const told = await until(async () => {
    const text = await (await egress.get('/readyz')).text();
    return text.includes('cluster.main') && text;
  });
  assert.match(told, /exactly-once.*egress\.driver to platformatic/);
});

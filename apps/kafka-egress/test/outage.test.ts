import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startKafka, uniqueName, until, type KafkaServer } from '@tributary/testing';
import { EgressRig } from './fixture/egress-rig.ts';
import { createTopic, readTopic } from './fixture/kafka-topics.ts';
import { judge } from './fixture/verdict.ts';

let kafka: KafkaServer;
let rig: EgressRig;

before(async () => {
  kafka = await startKafka();
});

beforeEach(async () => {
  rig = await EgressRig.start({ brokers: kafka.brokers, partitions: 8 });
});

afterEach(async () => {
  await rig[Symbol.asyncDispose]();
});

after(async () => {
  await kafka[Symbol.asyncDispose]();
});

for (const driver of ['kafkajs', 'platformatic']) {
  test(`${driver}: Kafka hangs, is killed and comes back: nothing is lost`, async () => {
    const topic = uniqueName('outage');
    await createTopic(rig.brokers, topic, 4);
    const feeders = await Promise.all(Array.from({ length: 8 }, (_, partition) => rig.feeder(partition)));
    const egress = await rig.egress({ 'egress.driver': driver, 'egress.requestTimeoutMs': 3_000 });
    let feeds = true;
    const feeding = Promise.all(
      feeders.map(async (feeder, partition) => {
        while (feeds) {
          await rig.feedNumbered(feeder, { topic, keys: 20, messages: 2, rows: 40, prefix: `p${partition}` });
          await sleep(100);
        }
      }),
    );
    await sleep(1_500);
    kafka.pause();
    const unready = await until(
      async () => {
        const response = await egress.get('/readyz');
        return response.status === 503 && (await response.text());
      },
      { what: 'the outage is told of', timeoutMs: 30_000 },
    );
    console.log(unready.trim());
    assert.match(unready, /kafka\.main.*unanswered.*since/);
    assert.equal((await egress.get('/livez')).status, 200);
    kafka.resume();
    await until(async () => (await egress.get('/readyz')).status === 200, {
      what: 'ready again',
      timeoutMs: 30_000,
    });
    await sleep(500);
    await kafka.kill();
    await sleep(2_000);
    await kafka.start();
    feeds = false;
    await feeding;
    for (const [partition, feeder] of feeders.entries()) {
      const last = feeder.writer.lastSequence;
      await until(async () => (await rig.outState(partition)).first_seq === last, { timeoutMs: 30_000 });
    }
    const verdict = judge(rig.sent, await readTopic(rig.brokers, topic));
    console.log({ driver, ...verdict });
    assert.deepEqual({ lost: verdict.lost, reordered: verdict.reordered }, { lost: 0, reordered: 0 });
    assert.equal((await egress.get('/readyz')).status, 200);
  });
}

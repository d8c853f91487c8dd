import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { uniqueName, until } from '@tributary/testing';
import { EgressRig } from './fixture/egress-rig.ts';
import { createTopic, readTopic } from './fixture/kafka-topics.ts';
import { judge } from './fixture/verdict.ts';

let rig: EgressRig;

afterEach(async () => {
  await rig[Symbol.asyncDispose]();
});

for (const driver of ['kafkajs', 'platformatic']) {
  test(`${driver}: frozen for longer than a request may take, it goes on at once`, async () => {
    rig = await EgressRig.start({ partitions: 2 });
    const topic = uniqueName('frozen');
    await createTopic(rig.brokers, topic, 3);
    const feeders = [await rig.feeder(0), await rig.feeder(1)];
    // The lease outlives the freeze: nobody else takes part.
    const settings = { 'egress.driver': driver, 'egress.requestTimeoutMs': 1_500, 'lease.ttlMs': 600_000 };
    const egress = await rig.egress(settings);
    let feeds = true;
    const feeding = Promise.all(
      feeders.map(async (feeder, partition) => {
        while (feeds) {
          await rig.feedNumbered(feeder, { topic, keys: 20, messages: 5, rows: 40, prefix: `p${partition}` });
          await sleep(100);
        }
      }),
    );
    for (let freezes = 0; freezes < 2; freezes++) {
      await sleep(700 + Math.random() * 200);
      egress.pause();
      await sleep(2_500);
      egress.resume();
    }
    feeds = false;
    await feeding;
    const began = performance.now();
    for (const [partition, feeder] of feeders.entries()) {
      const last = feeder.writer.lastSequence;
      await until(async () => (await rig.outState(partition)).first_seq === last, { timeoutMs: 30_000 });
    }
    const caughtUpMs = Math.round(performance.now() - began);
    const verdict = judge(rig.sent, await readTopic(rig.brokers, topic));
    console.log({ driver, caughtUpMs, ...verdict });
    assert.deepEqual({ lost: verdict.lost, reordered: verdict.reordered }, { lost: 0, reordered: 0 });
  });
}

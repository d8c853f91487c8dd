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
  test(`${driver}: killed in mid-stream again and again, nothing is lost and order per key holds`, async () => {
    rig = await EgressRig.start();
    const topic = uniqueName('killed');
    await createTopic(rig.brokers, topic, 4);
    const feeder = await rig.feeder();
    const egress = await rig.egress({ 'egress.driver': driver, 'service.instance': 'same' });
    let kills = 0;
    const feeding = (async () => {
      while (kills < 3) {
        await rig.feedNumbered(feeder, { topic, keys: 50, messages: 10, rows: 50 });
        await sleep(100);
      }
    })();
    for (; kills < 3; kills++) {
      await sleep(1_000 + Math.random() * 300);
      await egress.restart('kill');
    }
    await feeding;
    const last = feeder.writer.lastSequence;
    await until(async () => (await rig.outState()).first_seq === last, {
      what: 'all is committed',
      timeoutMs: 30_000,
    });
    const verdict = judge(rig.sent, await readTopic(rig.brokers, topic));
    console.log({ driver, kills, ...verdict });
    assert.deepEqual({ lost: verdict.lost, reordered: verdict.reordered }, { lost: 0, reordered: 0 });
  });
}

test('stopped in order, it repeats nothing', async () => {
  rig = await EgressRig.start();
  const topic = uniqueName('stopped');
  await createTopic(rig.brokers, topic, 4);
  const feeder = await rig.feeder();
  const egress = await rig.egress();
  let stops = 0;
  const feeding = (async () => {
    while (stops < 3) {
      await rig.feedNumbered(feeder, { topic, keys: 50, messages: 10, rows: 20 });
      await sleep(100);
    }
  })();
  for (; stops < 3; stops++) {
    await sleep(1_000);
    const began = performance.now();
    const { code } = await egress.stop();
    console.log({ stoppedInMs: Math.round(performance.now() - began) });
    assert.equal(code, 0);
    await egress.start();
  }
  await feeding;
  const last = feeder.writer.lastSequence;
  await until(async () => (await rig.outState()).first_seq === last, {
    what: 'all is committed',
    timeoutMs: 30_000,
  });
  const verdict = judge(rig.sent, await readTopic(rig.brokers, topic));
  console.log(verdict);
  const { sent } = verdict;
  assert.deepEqual(verdict, { sent, consumed: sent, lost: 0, duplicates: 0, reordered: 0, replayed: 0 });
});

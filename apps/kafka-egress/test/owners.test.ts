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

test('two share the partitions; one is frozen past its lease and wakes up: nothing is lost', async () => {
  rig = await EgressRig.start({ partitions: 4 });
  const topic = uniqueName('owners');
  await createTopic(rig.brokers, topic, 4);
  const feeders = await Promise.all([0, 1, 2, 3].map((partition) => rig.feeder(partition)));
  const one = await rig.egress({ 'service.instance': 'one' });
  const two = await rig.egress({ 'service.instance': 'two' });
  const owned = async (proc: typeof one) => {
    const text = await (await proc.get('/metrics')).text();
    return Number(/tributary_leases_held\{kind="kafka-egress-main"\} (\d+)/.exec(text)?.[1] ?? 0);
  };
  await until(async () => (await owned(one)) + (await owned(two)) === 4 && (await owned(two)) > 0, {
    timeoutMs: 30_000,
  });
  console.log({ one: await owned(one), two: await owned(two) });

  let feeds = true;
  const feeding = Promise.all(
    feeders.map(async (feeder, partition) => {
      while (feeds) {
        const prefix = `p${partition}`;
        await rig.feedNumbered(feeder, { topic, keys: 20, messages: 5, rows: 20, prefix });
        await sleep(50);
      }
    }),
  );
  for (let freezes = 0; freezes < 3; freezes++) {
    await sleep(1_500);
    one.pause();
    await until(async () => (await owned(two)) === 4, { what: 'the other takes over', timeoutMs: 30_000 });
    await sleep(500);
    one.resume();
    await until(async () => (await owned(one)) > 0, {
      what: 'the first gets its share again',
      timeoutMs: 30_000,
    });
  }
  feeds = false;
  await feeding;
  for (const [partition, feeder] of feeders.entries()) {
    const last = feeder.writer.lastSequence;
    await until(async () => (await rig.outState(partition)).first_seq === last, { timeoutMs: 30_000 });
  }
  const verdict = judge(rig.sent, await readTopic(rig.brokers, topic));
  console.log(verdict);
  // What was on its way when it froze comes again, behind what the other owner had sent: repeated, never lost or
  // overtaken for the first time.
  assert.deepEqual({ lost: verdict.lost, reordered: verdict.reordered }, { lost: 0, reordered: 0 });
});

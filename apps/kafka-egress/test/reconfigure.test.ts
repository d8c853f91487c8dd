import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, uniqueName, until } from '@tributary/testing';
import { EgressRig } from './fixture/egress-rig.ts';
import { countRecords, createTopic, readTopic } from './fixture/kafka-topics.ts';
import { judge } from './fixture/verdict.ts';

let rig: EgressRig;

afterEach(async () => {
  await rig[Symbol.asyncDispose]();
});

test('a new mapping gives a cluster other brokers; what waited is delivered', async () => {
  rig = await EgressRig.start();
  const topic = uniqueName('moved');
  await createTopic(rig.brokers, topic, 2);
  const feeder = await rig.feeder();
  await rig.apply('', `127.0.0.1:${await freePort()}`);
  const egress = await rig.egress({}, {}, 'endpoints');
  await rig.feedNumbered(feeder, { topic, keys: 5, messages: 4, rows: 10 });
  const told = await until(async () => {
    const text = await (await egress.get('/readyz')).text();
    return text.includes('No broker answers') && text;
  });
  console.log(told.trim());
  await rig.apply('');
  await until(async () => (await countRecords(rig.brokers, topic)) === 40, { timeoutMs: 30_000 });
  await until(async () => (await egress.get('/readyz')).status === 200, { what: 'ready' });
});

test('NATS goes away and comes back: nothing is lost and nothing is repeated', async () => {
  rig = await EgressRig.start({ partitions: 2 });
  const topic = uniqueName('nats');
  await createTopic(rig.brokers, topic, 2);
  const feeders = [await rig.feeder(0), await rig.feeder(1)];
  const egress = await rig.egress();
  for (let outages = 0; outages < 2; outages++) {
    for (const [partition, feeder] of feeders.entries()) {
      await rig.feedNumbered(feeder, { topic, keys: 5, messages: 20, rows: 10, prefix: `p${partition}` });
    }
    await sleep(500);
    await rig.server.kill();
    // Long enough for the lease to be lost.
    await sleep(2_500);
    assert.equal((await egress.get('/livez')).status, 200);
    await rig.server.start();
  }
  for (const [partition, feeder] of feeders.entries()) {
    await rig.feedNumbered(feeder, { topic, keys: 5, messages: 20, rows: 10, prefix: `p${partition}` });
    const last = feeder.writer.lastSequence;
    await until(async () => (await rig.outState(partition)).first_seq === last, { timeoutMs: 30_000 });
  }
  const verdict = judge(rig.sent, await readTopic(rig.brokers, topic));
  console.log(verdict);
  assert.deepEqual({ lost: verdict.lost, reordered: verdict.reordered }, { lost: 0, reordered: 0 });
});

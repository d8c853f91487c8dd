import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { uniqueName, until, type Proc } from '@tributary/testing';
import { EgressRig } from './fixture/egress-rig.ts';
import { createTopic, deleteTopic, readTopic } from './fixture/kafka-topics.ts';
import type { Fed, OutFeeder } from './fixture/out-feeder.ts';
import { judge } from './fixture/verdict.ts';

/*
 * Several partitions behind one producer: what happens to one of them is not felt by the others. kafkajs does not say
 * what a broker stored beside what it refused, so there the others' records may come again.
 */

const PARTITIONS = 8;

let rig: EgressRig;

afterEach(async () => {
  await rig[Symbol.asyncDispose]();
});

/** Feeds numbered records to each of the partitions until told to end. */
function flow(feeders: readonly OutFeeder[], topic: string) {
  const between: Fed[][][] = feeders.map(() => []);
  let flows = true;
  const feeding = Promise.all(
    feeders.map(async (feeder, partition) => {
      while (flows) {
        await rig.feedNumbered(feeder, { topic, keys: 10, messages: 1, rows: 20, prefix: `p${partition}` });
        for (const rows of between[partition]?.splice(0) ?? []) await feeder.feed(rows);
        await sleep(10);
      }
    }),
  );
  return {
    /** Has a message of OUT written to one partition, between the others. */
    insert: (partition: number, rows: Fed[]) => between[partition]?.push(rows),
    async end(): Promise<void> {
      flows = false;
      await feeding;
    },
  };
}

async function allCommitted(feeders: readonly OutFeeder[]): Promise<void> {
  for (const [partition, feeder] of feeders.entries()) {
    const last = feeder.writer.lastSequence;
    const what = `partition ${partition} is committed`;
    await until(async () => (await rig.outState(partition)).first_seq === last, { timeoutMs: 30_000, what });
  }
}

async function metric(proc: Proc, pattern: RegExp): Promise<number> {
  const text = await (await proc.get('/metrics')).text();
  return [...text.matchAll(pattern)].reduce((sum, [, number]) => sum + Number(number), 0);
}

const openFeeders = () => Promise.all(Array.from({ length: PARTITIONS }, (_, p) => rig.feeder(p)));

for (const driver of ['kafkajs', 'platformatic']) {
  test(`${driver}: partitions share sends; a poison record of one is found while the others flow`, async () => {
    rig = await EgressRig.start({ partitions: PARTITIONS });
    const topic = uniqueName('shared');
    await createTopic(rig.brokers, topic, 8, { 'max.message.bytes': '200000' });
    const feeders = await openFeeders();
    const egress = await rig.egress({ 'egress.driver': driver });
    const flowing = flow(feeders, topic);
    await sleep(2_000);
    const sends = await metric(egress, /^tributary_egress_sends_total\{[^}]*\} (\d+)/gm);
    const shares = await metric(egress, /^tributary_egress_send_shares_total\{[^}]*\} (\d+)/gm);
    console.log({ driver, sends, shares });
    assert.ok(shares > 2 * sends, 'several partitions share a send');
    flowing.insert(3, [
      { topic, key: 'before', value: '0' },
      { topic, key: 'poison', value: 'x'.repeat(250_000) },
      { topic, key: 'before', value: '1' },
    ]);
    await until(async () => (await rig.deadLetters()).length > 0, { timeoutMs: 20_000 });
    await sleep(500);
    await flowing.end();
    await allCommitted(feeders);
    const verdict = judge(rig.sent, await readTopic(rig.brokers, topic));
    const letters = await rig.deadLetters();
    console.log({ driver, ...verdict, deadLetters: letters.length });
    const { lost, reordered } = verdict;
    assert.deepEqual({ lost, reordered }, { lost: 0, reordered: 0 });
    if (driver === 'platformatic') assert.equal(verdict.consumed, verdict.sent + 2);
    assert.deepEqual(
      letters.map(({ code }) => code),
      ['message-too-large'],
    );
  });

  test(`${driver}: a topic that one partition misses, and one that is deleted in flow, hold up nobody else`, async () => {
    rig = await EgressRig.start({ partitions: PARTITIONS });
    const [topic, missing, deleted] = [uniqueName('present'), uniqueName('missing'), uniqueName('deleted')];
    await createTopic(rig.brokers, topic, 8);
    await createTopic(rig.brokers, deleted, 1);
    const feeders = await openFeeders();
    const patience = { 'egress.topicPatienceMs': 12_000 };
    const egress = await rig.egress({ 'egress.driver': driver, ...patience });
    const flowing = flow(feeders, topic);
    flowing.insert(1, [{ topic: deleted, key: 'a', value: '0' }]);
    await sleep(1_000);
    flowing.insert(0, [{ topic: missing, key: 'a', value: '0' }]);
    await deleteTopic(rig.brokers, deleted);
    flowing.insert(1, [{ topic: deleted, key: 'a', value: '1' }]);
    await sleep(6_000);
    const at = await Promise.all(feeders.map((_, partition) => rig.outState(partition)));
    await sleep(2_500);
    for (const [partition, before] of at.entries()) {
      const { first_seq } = await rig.outState(partition);
      const waits = partition < 2;
      assert.equal(
        first_seq > before.first_seq,
        !waits,
        `partition ${partition} ${waits ? 'waits' : 'goes on'}`,
      );
    }
    assert.match(await (await egress.get('/readyz')).text(), new RegExp(missing));
    await until(async () => (await rig.deadLetters()).length === 2, { timeoutMs: 30_000 });
    await flowing.end();
    await allCommitted(feeders);
    const verdict = judge(rig.sent, await readTopic(rig.brokers, topic));
    console.log({ driver, ...verdict });
    const { lost, reordered } = verdict;
    assert.deepEqual({ lost, reordered }, { lost: 0, reordered: 0 });
    if (driver === 'platformatic') assert.equal(verdict.duplicates, 0);
  });

  test(`${driver}: partitions are handed over in traffic`, async () => {
    rig = await EgressRig.start({ partitions: PARTITIONS });
    const topic = uniqueName('handover');
    await createTopic(rig.brokers, topic, 8);
    const feeders = await openFeeders();
    const one = await rig.egress({ 'egress.driver': driver, 'service.instance': 'one' });
    const flowing = flow(feeders, topic);
    const held = (proc: Proc) => metric(proc, /tributary_leases_held\{kind="kafka-egress-main"\} (\d+)/g);
    await until(async () => (await held(one)) === PARTITIONS);
    await sleep(500);
    const two = await rig.egress({ 'egress.driver': driver, 'service.instance': 'two' });
    await until(async () => (await held(two)) > 0 && (await held(one)) + (await held(two)) === PARTITIONS, {
      what: 'the second has its share',
      timeoutMs: 30_000,
    });
    await sleep(1_000);
    await two.stop();
    await until(async () => (await held(one)) === PARTITIONS, { timeoutMs: 30_000 });
    await flowing.end();
    await allCommitted(feeders);
    const verdict = judge(rig.sent, await readTopic(rig.brokers, topic));
    console.log({ driver, ...verdict });
    const { lost, duplicates, reordered } = verdict;
    assert.deepEqual({ lost, duplicates, reordered }, { lost: 0, duplicates: 0, reordered: 0 });
  });
}

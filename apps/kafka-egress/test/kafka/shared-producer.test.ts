import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createProducerDriver, type ProducerDriverName } from '@tributary/kafka';
import { Metrics } from '@tributary/telemetry';
import { startKafka, uniqueName, until, type KafkaServer } from '@tributary/testing';
import { StoppedError } from '../../src/errors.ts';
import type { Outgoing, PositionRecord } from '../../src/kafka/outgoing.ts';
import { PartitionProducer } from '../../src/kafka/partition-producer.ts';
import { ProducerMetrics } from '../../src/kafka/producer-metrics.ts';
import { ProducerSlot } from '../../src/kafka/producer-slot.ts';
import { SharedProducer } from '../../src/kafka/shared-producer.ts';
import { createTopic, readTopic } from '../fixture/kafka-topics.ts';

let kafka: KafkaServer;
let all: Metrics;

before(async () => {
  kafka = await startKafka();
  all = new Metrics({ service: 'test', instance: 'test', version: '0' });
});

after(async () => {
  await all[Symbol.asyncDispose]();
  await kafka[Symbol.asyncDispose]();
});

function open(driver: ProducerDriverName) {
  const metrics = new ProducerMetrics(all, uniqueName('cluster'));
  const options = { driver, brokers: kafka.brokers, clientId: 'test', requestTimeoutMs: 20_000 };
  const shared = new SharedProducer({
    lingerMs: 10,
    metrics,
    openSlot: (tuning) =>
      new ProducerSlot({
        ...tuning,
        metrics,
        doubtMs: 60_000,
        create: (batches) => createProducerDriver({ ...options, ...batches }),
      }),
  });
  const members = Array.from({ length: 4 }, () => {
    const hard = new AbortController();
    const troubles: (string | null)[] = [];
    const producer = new PartitionProducer(shared, hard.signal, (reason) => troubles.push(reason));
    return { hard, troubles, producer };
  });
  return { shared, members, metrics };
}

function records(topic: string, name: string, count: number, value = 'x'): PositionRecord[] {
  return Array.from({ length: count }, (_, number) => ({
    positions: true,
    position: null,
    topic,
    partition: number % 2,
    key: Buffer.from(name),
    value: Buffer.from(`${number} ${value}`),
    headers: [],
    timestampMs: Date.now(),
  }));
}

async function keysOf(topic: string): Promise<Record<string, number>> {
  const consumed = await readTopic(kafka.brokers, topic);
  const groups = Map.groupBy(consumed, ({ key }) => key ?? '');
  return Object.fromEntries([...groups].map(([key, { length }]) => [key, length] as const).sort());
}

for (const driver of ['kafkajs', 'platformatic'] as const) {
  test(`${driver}: what partitions send in the same turn leaves in one send`, async () => {
    const topic = uniqueName('shared');
    await createTopic(kafka.brokers, topic, 2);
    const { shared, members, metrics } = open(driver);
    await using _ = shared;
    await Promise.all(members.map(() => shared.connect()));
    for (let round = 0; round < 5; round++) {
      const outcomes = await Promise.all(
        members.map(async ({ producer }, member) => {
          await producer.turn();
          return producer.send(records(topic, `p${member}`, 6));
        }),
      );
      assert.deepEqual(new Set(outcomes.map(({ kind }) => kind)), new Set(['stored']));
    }
    assert.deepEqual([metrics.sends.value, metrics.shares.value], [5, 20]);
    assert.deepEqual(await keysOf(topic), { p0: 30, p1: 30, p2: 30, p3: 30 });
  });

  test(`${driver}: a record that is refused is its partition's fault; the others go on with what is left`, async () => {
    const topic = uniqueName('refused');
    await createTopic(kafka.brokers, topic, 2, { 'max.message.bytes': '20000' });
    const { shared, members } = open(driver);
    await using _ = shared;
    await Promise.all(members.map(() => shared.connect()));
    const kinds = await Promise.all(
      members.map(async ({ producer }, member) => {
        const poison = member === 1 ? records(topic, 'poison', 1, 'x'.repeat(30_000)) : [];
        const healthy = records(topic, `p${member}`, 6);
        let pending: readonly PositionRecord[] = [...healthy, ...poison];
        await producer.turn();
        const first = await producer.send(pending);
        if (first.kind === 'stored') return first.kind;
        pending = pending.filter((record) => first.left.includes(record) && !poison.includes(record));
        // Kafka says which record, kafkajs does not: then each finds out apart.
        await using own = producer.apart();
        if (first.kind === 'suspected' && member === 1) {
          const again = await own.send(first.left);
          assert.equal(again.kind, 'fault');
          if (again.kind === 'fault') pending = pending.filter((record) => again.left.includes(record));
        }
        const second = await (first.kind === 'again' ? producer : own).send(pending);
        assert.equal(second.kind, 'stored');
        return first.kind;
      }),
    );
    console.log({ driver, kinds });
    assert.notEqual(kinds[1], 'stored');
    assert.notEqual(kinds[1], 'again');
    if (driver === 'platformatic') assert.ok(![kinds[0], kinds[2], kinds[3]].includes('suspected'));
    const keys = await keysOf(topic);
    // kafkajs does not say what was stored beside a refused record: that comes again.
    for (const member of members.keys()) assert.ok((keys[`p${member}`] ?? 0) >= 6);
    if (driver === 'platformatic') assert.deepEqual(keys, { p0: 6, p1: 6, p2: 6, p3: 6 });
    assert.deepEqual(
      members.flatMap(({ troubles }) => troubles),
      [],
      'nobody takes Kafka for away',
    );
  });

  test(`${driver}: a partition stopped while a send hangs is not waited for, and sends nothing after that`, async () => {
    const topic = uniqueName('stopped');
    await createTopic(kafka.brokers, topic, 2);
    const { shared, members, metrics } = open(driver);
    await using _ = shared;
    const [one, two, three, four] = members;
    assert.ok(one && two && three && four);
    await Promise.all(members.map(() => shared.connect()));
    await one.producer.send(records(topic, 'before', 2));
    kafka.pause();
    let settled = 0;
    const flying = [one, two].map(({ producer }, member) =>
      producer.send(records(topic, `flying-${member}`, 2)).finally(() => settled++),
    );
    await sleep(100);
    const waiting = [three, four].map(({ producer }, member) =>
      producer.send(records(topic, `waiting-${member}`, 2)).finally(() => settled++),
    );
    const stopped = Promise.allSettled([flying[0], waiting[0]]);
    one.hard.abort();
    three.hard.abort();
    for (const result of await stopped) {
      assert.ok(result.status === 'rejected' && result.reason instanceof StoppedError);
    }
    assert.equal(settled, 2);
    await assert.rejects(one.producer.send(records(topic, 'late', 2)), StoppedError);
    kafka.resume();
    assert.equal((await flying[1])?.kind, 'stored');
    assert.equal((await waiting[1])?.kind, 'stored');
    const keys = await keysOf(topic);
    console.log({ driver, keys, sends: metrics.sends.value });
    // What had left with the other's may be stored, and is no more than once.
    assert.deepEqual(keys, { before: 2, 'flying-0': 2, 'flying-1': 2, 'waiting-1': 2 });
  });

  test(`${driver}: when all who take part in a send are stopped, it is ended, and others go on`, async () => {
    const topic = uniqueName('ended');
    await createTopic(kafka.brokers, topic, 2);
    const { shared, members, metrics } = open(driver);
    await using _ = shared;
    const [one, two] = members;
    assert.ok(one && two);
    await Promise.all(members.map(() => shared.connect()));
    kafka.pause();
    const hangs = one.producer.send(records(topic, 'one', 2));
    hangs.catch(() => {});
    await sleep(100);
    const waits = two.producer.send(records(topic, 'two', 2));
    one.hard.abort();
    await assert.rejects(hangs, StoppedError);
    await until(() => metrics.recycles.value === 1, { what: 'the driver is closed' });
    kafka.resume();
    assert.equal((await waits).kind, 'stored');
    assert.equal((await keysOf(topic))['two'], 2);
  });

  test(`${driver}: Kafka away is told to all, also to who joins later; the end ends everything`, async () => {
    const topic = uniqueName('away');
    await createTopic(kafka.brokers, topic, 2);
    const { shared, members } = open(driver);
    await using _ = shared;
    await Promise.all(members.map(() => shared.connect()));
    await kafka.kill();
    const sends = members.slice(0, 2).map(({ producer }, member) => deliver(producer, topic, `p${member}`));
    const isAway = () => members.every(({ troubles }) => typeof troubles.at(-1) === 'string');
    await until(isAway, { what: 'all are told', timeoutMs: 20_000 });
    const told: (string | null)[] = [];
    await using _late = new PartitionProducer(shared, new AbortController().signal, (reason) =>
      told.push(reason),
    );
    assert.equal(typeof told[0], 'string');
    await kafka.start();
    await Promise.all(sends);
    assert.deepEqual(await keysOf(topic), { p0: 4, p1: 4 });
    for (const { troubles } of members) assert.equal(troubles.at(-1), null);
    assert.equal(told.at(-1), null);

    kafka.pause();
    const hangs = members.map(({ producer }) => producer.send(records(topic, 'end', 1)));
    await sleep(50);
    await shared[Symbol.asyncDispose]();
    for (const result of await Promise.allSettled(hangs)) {
      assert.ok(result.status === 'rejected' && result.reason instanceof StoppedError);
    }
    kafka.resume();
  });
}

async function deliver(producer: PartitionProducer, topic: string, name: string): Promise<void> {
  for (let left: readonly Outgoing[] = records(topic, name, 4); left.length > 0;) {
    const outcome = await producer.send(left);
    left = outcome.kind === 'stored' ? [] : outcome.left;
  }
}

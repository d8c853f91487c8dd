import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createProducerDriver, KafkaAdmin, type Compression, type ProducedRecord } from '@tributary/kafka';
import { sharedKafka, uniqueName } from '@tributary/testing';
import type { ConsumeContract, ConsumePlan } from '../src/consume/consume-contract.ts';
import { monotonicUs } from '../src/measure/monotonic.ts';
import { clientId, MARK, MARK_BYTES, MARK_MAGIC } from '../src/message-mark.ts';
import { Worker } from '../src/worker/worker.ts';

const RUN = 7;
const CLIENTS = 3;
const LATENCY_US = 40_000;

/** A topic with two partitions, a consumer at its end, and a hand to produce to it. */
async function startConsumer() {
  await using starting = new AsyncDisposableStack();
  const brokers = await sharedKafka();
  const topic = uniqueName('bench');
  const admin = starting.use(new KafkaAdmin({ brokers, clientId: 'bench-test' }));
  await admin.createTopics([{ topic, partitions: 2, replication: 1 }]);
  const [host = '', port] = brokers[0]?.split(':') ?? [];
  const plan: ConsumePlan = {
    host,
    port: Number(port),
    topic,
    partitions: 2,
    run: RUN,
    clients: CLIENTS,
    pauseMs: 0,
  };
  const consumer = starting.use(
    new Worker<ConsumeContract>('consumer', new URL('../src/consume/main.ts', import.meta.url), plan),
  );
  const produce = async (records: ProducedRecord[], compression: Compression = 'none'): Promise<void> => {
    const driver = createProducerDriver({ driver: 'kafkajs', brokers, clientId: 'bench-test', compression });
    await driver.connect();
    try {
      await driver.send(records);
    } finally {
      await driver.close();
    }
  };
  const record = (client: number, number: number, change: Partial<ProducedRecord> = {}): ProducedRecord => ({
    topic,
    partition: client % 2,
    key: Buffer.from(clientId(client)),
    value: payload(client, number),
    headers: [['mqtt.topic', Buffer.from('bench/x')]],
    timestampMs: Date.now(),
    ...change,
  });
  const scope = starting.move();
  return { consumer, produce, record, [Symbol.asyncDispose]: () => scope.disposeAsync() };
}

function payload(client: number, number: number, run = RUN): Buffer {
  const bytes = Buffer.alloc(MARK_BYTES + number);
  bytes.writeUInt32BE(MARK_MAGIC, MARK.magic);
  bytes.writeUInt32BE(run, MARK.run);
  bytes.writeUInt32BE(client, MARK.client);
  bytes.writeUInt32BE(number, MARK.number);
  bytes.writeDoubleBE(monotonicUs() - LATENCY_US, MARK.timeUs);
  return bytes;
}

test('counts what is planted in Kafka, and measures on the clock of the sender', async () => {
  await using fixture = await startConsumer();
  const { consumer, produce, record } = fixture;
  await produce([record(0, 999)]);
  await consumer.ask('start', undefined);
  await produce([record(0, 1), record(0, 2), record(1, 1), record(2, 1)]);
  await produce([
    record(0, 4),
    record(0, 3),
    record(0, 4),
    record(1, 3),
    record(2, 2, { key: null }),
    record(2, 3, { partition: 1 }),
    record(1, 9, { value: payload(1, 9, RUN - 1) }),
    record(1, 9, { value: null }),
    record(1, 9, { value: Buffer.from('something else of some length') }),
  ]);
  const acknowledgedTo = Uint32Array.of(4, 3, 4);
  const result = await consumer.ask('finish', { acknowledgedTo, patienceMs: 1_500 });
  assert.deepEqual(result, {
    distinct: 9,
    duplicated: 1,
    reordered: 1,
    misplaced: 2,
    lost: 2,
    outstanding: 1,
    examples: [
      { client: 1, number: 2 },
      { client: 2, number: 4 },
    ],
    foreign: 3,
  });
  const mark = await consumer.ask('mark', undefined);
  assert.equal(mark.records, 10);
  assert.equal(mark.latency.count, 10);
  assert.ok(mark.latency.p50 >= LATENCY_US / 1_000 && mark.latency.p50 < 5_000, `${mark.latency.p50} ms`);
  assert.equal((await consumer.ask('mark', undefined)).latency.count, 0);
});

test('reads batches of many records from where it began', async () => {
  await using fixture = await startConsumer();
  const { consumer, produce, record } = fixture;
  const numbers = Array.from({ length: 1_500 }, (_, i) => i + 1);
  await consumer.ask('start', undefined);
  for (const from of [0, 500, 1_000])
    await produce(numbers.slice(from, from + 500).flatMap((n) => [record(0, n), record(1, n)]));
  const acknowledgedTo = Uint32Array.of(1_500, 1_500, 0);
  const result = await consumer.ask('finish', { acknowledgedTo, patienceMs: 5_000 });
  const { distinct, duplicated, reordered, misplaced, lost } = result;
  assert.deepEqual([distinct, duplicated, reordered, misplaced, lost], [3_000, 0, 0, 0, 0]);
});

test('says so if it cannot read what is there', async () => {
  await using fixture = await startConsumer();
  const { consumer, produce, record } = fixture;
  await consumer.ask('start', undefined);
  await produce([record(0, 1), record(0, 2)], 'gzip');
  const finish = consumer.ask('finish', { acknowledgedTo: Uint32Array.of(2, 0, 0), patienceMs: 5_000 });
  await assert.rejects(finish, { code: 'worker-ended', message: /a record batch is compressed/ });
});

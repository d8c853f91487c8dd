import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { sharedKafka, uniqueName } from '@tributary/testing';
import {
  createProducerDriver,
  KafkaAdmin,
  KafkaDriverError,
  type DriverOptions,
  type ProducedRecord,
  type ProducerDriver,
} from '../src/mod.ts';
import { DRIVERS } from './support/drivers.ts';
import { failure } from './support/failure.ts';
import { readTopic } from './support/read-topic.ts';

let brokers: string[];

before(async () => {
  brokers = await sharedKafka();
});

async function newTopic(partitions: number, settings: Record<string, string> = {}): Promise<string> {
  const topic = uniqueName('driver');
  await using admin = new KafkaAdmin({ brokers, clientId: 'test' });
  await admin.createTopics([{ topic, partitions, replication: 1, settings }]);
  return topic;
}

function record(topic: string, partition: number, value: Uint8Array | string): ProducedRecord {
  return {
    topic,
    partition,
    key: Buffer.from('key'),
    value: Buffer.from(value),
    headers: [],
    timestampMs: 1_000,
  };
}

for (const driver of DRIVERS) {
  const connect = async (options: Partial<DriverOptions> = {}): Promise<ProducerDriver> => {
    const created = createProducerDriver({ driver, brokers, clientId: `test-${driver}`, ...options });
    await created.connect();
    return created;
  };

  describe(`the ${driver} driver`, () => {
    test('stores keys, values, headers and timestamps as given, and says where', async () => {
      const topic = await newTopic(3);
      const text = (value: string) => new TextEncoder().encode(value);
      const records: ProducedRecord[] = [
        {
          topic,
          partition: 0,
          key: text('a'),
          value: text('1'),
          headers: [],
          timestampMs: 1_700_000_000_123,
        },
        { topic, partition: 2, key: null, value: text('2'), headers: [['one', text('x')]], timestampMs: 5 },
        { topic, partition: 0, key: text('b'), value: null, headers: [], timestampMs: 1_600_000_000_000 },
        {
          topic,
          partition: 0,
          key: new Uint8Array(0),
          value: new Uint8Array(0),
          headers: [
            ['name', text('first')],
            ['name', text('second')],
            ['Ümlaut €', new Uint8Array([0, 255])],
          ],
          timestampMs: 1_700_000_000_124,
        },
      ];
      await using producer = await connect();
      const { ranges } = await producer.send(records);
      assert.deepEqual(
        ranges.toSorted((a, b) => a.partition - b.partition),
        [
          { topic, partition: 0, firstOffset: 0n, lastOffset: 2n },
          { topic, partition: 2, firstOffset: 0n, lastOffset: 0n },
        ],
      );
      const read = await readTopic(brokers, topic);
      assert.deepEqual(
        read.map(({ partition, offset, key, value, timestamp }) => [
          partition,
          offset,
          key?.toString() ?? null,
          value?.toString() ?? null,
          timestamp,
        ]),
        [
          [0, '0', 'a', '1', '1700000000123'],
          [0, '1', 'b', null, '1600000000000'],
          [0, '2', '', '', '1700000000124'],
          [2, '0', null, '2', '5'],
        ],
      );
      const { headers } = read[2]!;
      assert.deepEqual(headers?.['name'], [Buffer.from('first'), Buffer.from('second')]);
      assert.deepEqual(headers?.['Ümlaut €'], Buffer.from([0, 255]));
    });

    test('goes on counting offsets from send to send, and takes an empty one', async () => {
      const topic = await newTopic(1);
      await using producer = await connect();
      for (let i = 0; i < 5; i++) {
        const { ranges } = await producer.send([record(topic, 0, 'x'), record(topic, 0, 'y')]);
        assert.deepEqual(ranges, [
          { topic, partition: 0, firstOffset: BigInt(2 * i), lastOffset: BigInt(2 * i + 1) },
        ]);
      }
      assert.deepEqual(await producer.send([]), { ranges: [] });
      assert.equal(producer.usable, true);
      assert.equal(producer.recycleDue, false);
    });

    const compressions =
      driver === 'kafkajs' ? (['gzip', 'zstd'] as const) : (['gzip', 'snappy', 'lz4', 'zstd'] as const);
    for (const compression of compressions) {
      test(`compresses with ${compression} as the broker takes it`, async () => {
        // The broker decompresses what does not have the compression of its topic.
        const topic = await newTopic(1, { 'compression.type': 'gzip' });
        await using producer = await connect({ compression });
        await producer.send(Array.from({ length: 200 }, (_, i) => record(topic, 0, `${i}`.repeat(50))));
        const read = await readTopic(brokers, topic);
        assert.deepEqual(
          read.map(({ value }) => value?.toString()),
          Array.from({ length: 200 }, (_, i) => `${i}`.repeat(50)),
        );
      });
    }

    test('refuses a second send while one is in flight', async () => {
      const topic = await newTopic(1);
      await using producer = await connect();
      const first = producer.send([record(topic, 0, 'first')]);
      assert.equal((await failure(producer.send([record(topic, 0, 'second')]))).code, 'send-in-flight');
      await first;
      await producer.send([record(topic, 0, 'third')]);
      const values = (await readTopic(brokers, topic)).map(({ value }) => value?.toString());
      assert.deepEqual(values, ['first', 'third']);
    });

    test('is not to be used before connect, after close or twice', async () => {
      const topic = await newTopic(1);
      const producer = createProducerDriver({ driver, brokers, clientId: 'test' });
      assert.equal((await failure(producer.send([record(topic, 0, 'x')]))).code, 'driver-closed');
      await producer.connect();
      await failure(producer.connect());
      await producer.close();
      await producer.close();
      assert.equal((await failure(producer.send([record(topic, 0, 'x')]))).code, 'driver-closed');
      assert.equal(producer.usable, false);
    });

    test('names a topic that does not exist, stores nothing else, and is used up', async () => {
      const topic = await newTopic(1);
      await using producer = await connect();
      const missing = uniqueName('missing');
      const error = await failure(producer.send([record(missing, 0, 'x')]));
      assert.equal(error.code, 'unknown-topic-or-partition');
      assert.deepEqual([error.topicFault, error.recordFault, error.retryable], [true, false, true]);
      assert.equal(error.topic, missing);
      assert.equal(producer.usable, false);
      assert.equal((await failure(producer.send([record(topic, 0, 'x')]))).code, 'driver-failed');
    });

    test('names a topic that cannot exist', async () => {
      await using producer = await connect();
      const error = await failure(producer.send([record('no topic!', 0, 'x')]));
      assert.equal(error.code, 'invalid-topic-exception');
      assert.deepEqual([error.topicFault, error.retryable, error.topic], [true, false, 'no topic!']);
    });

    test('does not wrap a partition that does not exist into one that does', async () => {
      const topic = await newTopic(2);
      await using producer = await connect();
      const error = await failure(producer.send([record(topic, 0, 'x'), record(topic, 2, 'x')]));
      assert.equal(error.code, 'unknown-partition');
      assert.deepEqual([error.topic, error.partition, error.topicFault], [topic, 2, true]);
      assert.deepEqual(await readTopic(brokers, topic), []);
    });

    test('finds the one record that is too large, and says what it stored', async () => {
      const topic = await newTopic(2);
      await using producer = await connect();
      const error = await failure(
        producer.send([
          record(topic, 1, 'before'),
          record(topic, 1, new Uint8Array(1_500_000)),
          record(topic, 1, 'after'),
        ]),
      );
      assert.equal(error.code, 'message-too-large');
      assert.deepEqual([error.recordFault, error.retryable], [true, false]);
      assert.deepEqual([error.topic, error.partition, error.recordIndex], [topic, 1, 1]);
      assert.deepEqual(error.stored, [{ topic, partition: 1, firstOffset: 0n, lastOffset: 0n }]);
    });

    test('sends more than a batch holds in several, in order', async () => {
      const topic = await newTopic(2);
      await using producer = await connect({ maxBatchBytes: 20_000 });
      const records = Array.from({ length: 300 }, (_, i) => record(topic, i % 2, `${i}`.padEnd(1_000)));
      const { ranges } = await producer.send(records);
      assert.ok(ranges.length > 10);
      const read = await readTopic(brokers, topic);
      for (const partition of [0, 1]) {
        const numbers = read.filter((one) => one.partition === partition).map(({ value }) => Number(value));
        assert.deepEqual(
          numbers,
          Array.from({ length: 150 }, (_, i) => 2 * i + partition),
        );
      }
    });

    test('a record that is no record costs nothing but the call', async () => {
      const topic = await newTopic(1);
      await using producer = await connect();
      const error = await failure(producer.send([{ ...record(topic, 0, 'x'), timestampMs: NaN }]));
      assert.deepEqual([error.code, error.recordFault, error.recordIndex], ['invalid-record', true, 0]);
      await producer.send([record(topic, 0, 'x')]);
    });

    test('says at once that there is nobody', async () => {
      const producer = createProducerDriver({ driver, brokers: ['127.0.0.1:1'], clientId: 'test' });
      const started = performance.now();
      const error = await failure(producer.connect());
      assert.deepEqual([error.code, error.retryable], ['connection', true]);
      assert.ok(performance.now() - started < 2_000);
      await producer.close();
    });
  });
}

describe('the platformatic driver', () => {
  test('divides a batch that is larger than the topic allows', async () => {
    const topic = await newTopic(2, { 'max.message.bytes': '10000' });
    await using producer = createProducerDriver({ driver: 'platformatic', brokers, clientId: 'test' });
    await producer.connect();
    const { ranges } = await producer.send(
      Array.from({ length: 100 }, (_, i) => record(topic, i % 2, `${i}`.padEnd(1_000))),
    );
    assert.ok(ranges.length > 10);
    const read = await readTopic(brokers, topic);
    assert.deepEqual(
      read.map(({ value }) => Number(value)).sort((a, b) => a - b),
      Array.from({ length: 100 }, (_, i) => i),
    );
    // What comes after has the sequence numbers that follow.
    await producer.send([record(topic, 0, 'more'), record(topic, 1, 'more')]);
  });

  test('finds the record that is too large for its topic among others', async () => {
    const topic = await newTopic(1, { 'max.message.bytes': '10000' });
    await using producer = createProducerDriver({ driver: 'platformatic', brokers, clientId: 'test' });
    await producer.connect();
    const records = Array.from({ length: 20 }, (_, i) =>
      record(topic, 0, new Uint8Array(i === 13 ? 20_000 : 100)),
    );
    const error = await failure(producer.send(records));
    assert.deepEqual([error.recordFault, error.partition, error.recordIndex], [true, 0, 13]);
  });

  test('finds the record with a timestamp the topic refuses', async () => {
    const topic = await newTopic(1, { 'message.timestamp.after.max.ms': '3600000' });
    await using producer = createProducerDriver({ driver: 'platformatic', brokers, clientId: 'test' });
    await producer.connect();
    const now = Date.now();
    const records = [now, now, now + 7_200_000].map((timestampMs) => ({
      ...record(topic, 0, 'x'),
      timestampMs,
    }));
    const error = await failure(producer.send(records));
    assert.deepEqual([error.code, error.recordFault, error.recordIndex], ['invalid-timestamp', true, 2]);
  });
});

test('the kafkajs driver says what it cannot compress with', () => {
  for (const compression of ['lz4', 'snappy'] as const) {
    assert.throws(
      () => createProducerDriver({ driver: 'kafkajs', brokers, clientId: 'test', compression }),
      (error) => error instanceof KafkaDriverError && error.code === 'unsupported',
    );
  }
});

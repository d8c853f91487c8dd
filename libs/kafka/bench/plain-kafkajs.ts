import kafkajs, { type Producer } from 'kafkajs';
import { KafkaDriverError, type DriverOptions, type ProducedRecord, type SendResult } from '../src/mod.ts';
import { fromKafkajs } from '../src/kafkajs/kafkajs-errors.ts';

/** kafkajs as its documentation says to use it: what the driver guards against, for comparison. */
export class PlainKafkajs {
  readonly #producer: Producer;

  constructor(options: DriverOptions) {
    const kafka = new kafkajs.Kafka({
      clientId: options.clientId,
      brokers: [...options.brokers],
      requestTimeout: options.requestTimeoutMs ?? 30_000,
      logLevel: kafkajs.logLevel.NOTHING,
      retry: { initialRetryTime: 50, maxRetryTime: 1_000, retries: 30 },
    });
    this.#producer = kafka.producer({
      idempotent: true,
      createPartitioner:
        () =>
        ({ message }) =>
          message.partition ?? 0,
    });
  }

  async connect(): Promise<void> {
    await this.#producer.connect();
  }

  async send(records: readonly ProducedRecord[]): Promise<SendResult> {
    const topics = Map.groupBy(records, ({ topic }) => topic);
    try {
      const answers = await this.#producer.sendBatch({
        topicMessages: [...topics].map(([topic, ofTopic]) => ({
          topic,
          messages: ofTopic.map(({ partition, key, value, timestampMs }) => ({
            partition,
            key: key === null ? null : Buffer.from(key),
            value: value === null ? null : Buffer.from(value),
            timestamp: String(timestampMs),
          })),
        })),
      });
      const ranges = answers.map(({ topicName, partition, baseOffset = '-1' }) => {
        const count = records.filter((r) => r.topic === topicName && r.partition === partition).length;
        const firstOffset = BigInt(baseOffset);
        return { topic: topicName, partition, firstOffset, lastOffset: firstOffset + BigInt(count - 1) };
      });
      return { ranges };
    } catch (thrown) {
      throw thrown instanceof KafkaDriverError ? thrown : fromKafkajs(thrown);
    }
  }

  async close(): Promise<void> {
    await this.#producer.disconnect();
  }
}

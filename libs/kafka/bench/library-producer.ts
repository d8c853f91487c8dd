import { Producer, ProduceAcks } from '@platformatic/kafka';
import {
  KafkaDriverError,
  type DriverOptions,
  type OffsetRange,
  type ProducedRecord,
  type SendResult,
} from '../src/mod.ts';
import { fromWire } from '../src/wire/wire-errors.ts';

/**
 * The idempotent Producer of @platformatic/kafka itself, as its documentation says to use it, so that it can be measured beside the
 * drivers. Not a driver: ADR 0006 says why.
 */
export class LibraryProducer {
  readonly #producer: Producer;

  constructor(options: DriverOptions) {
    this.#producer = new Producer({
      clientId: options.clientId,
      bootstrapBrokers: [...options.brokers],
      idempotent: true,
      acks: ProduceAcks.ALL,
      compression: options.compression ?? 'none',
      requestTimeout: options.requestTimeoutMs ?? 30_000,
      connectTimeout: options.connectTimeoutMs ?? 5_000,
      retryDelay: 100,
    });
  }

  async connect(): Promise<void> {
    await this.#producer.initIdempotentProducer({});
  }

  async send(records: readonly ProducedRecord[]): Promise<SendResult> {
    const messages = records.map(({ topic, partition, key, value, headers, timestampMs }) => ({
      topic,
      partition,
      ...(key === null ? {} : { key: Buffer.from(key.buffer, key.byteOffset, key.length) }),
      ...(value === null ? {} : { value: Buffer.from(value.buffer, value.byteOffset, value.length) }),
      headers: new Map(headers.map(([name, bytes]) => [Buffer.from(name), Buffer.from(bytes)])),
      timestamp: BigInt(timestampMs),
    }));
    try {
      const { offsets = [] } = await this.#producer.send({ messages });
      const ranges: OffsetRange[] = offsets.map(({ topic, partition, offset }) => {
        const count = records.filter(
          (record) => record.topic === topic && record.partition === partition,
        ).length;
        return { topic, partition, firstOffset: offset, lastOffset: offset + BigInt(count - 1) };
      });
      return { ranges };
    } catch (thrown) {
      throw thrown instanceof KafkaDriverError ? thrown : fromWire(thrown);
    }
  }

  async close(): Promise<void> {
    await this.#producer.close(true);
  }
}

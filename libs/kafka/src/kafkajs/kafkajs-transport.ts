import kafkajs, { type Producer, type RecordMetadata } from 'kafkajs';
import { setTimeout as sleep } from 'node:timers/promises';
import { defaults, type DriverOptions } from '../driver-options.ts';
import { KafkaDriverError } from '../errors.ts';
import type { PartitionBatch } from '../partition-batch.ts';
import type { OffsetRange } from '../producer-driver.ts';
import type { ProducerTransport } from '../producer-transport.ts';
import { ClusterClient } from '../wire/cluster-client.ts';
import { Leaders } from '../wire/leaders.ts';
import { retried } from '../wire/retry.ts';
import { FencedSockets } from './fenced-sockets.ts';
import { kafkajsCompression } from './kafkajs-compression.ts';
import { fromKafkajs, rootCause } from './kafkajs-errors.ts';
import { LeaderMoved, LeaderView } from './leader-view.ts';
import { message } from './messages.ts';
import './request-queue-timer.ts';
import { TopicWatch } from './topic-watch.ts';

const NOBODY = -1;

/**
 * kafkajs behind the driver contract. Four of its habits are dealt with here:
 *
 * - When one of several brokers fails, it sends again to those still at work, with new sequence numbers: duplicates (the usual case is
 *   a broker that died, while the others wait for it as a replica). So each leader gets a send of its own.
 * - It leaves out a partition, silently, whose new leader has answered for another one already. Its sequence numbers were taken
 *   back by then, so the same producer sends those partitions once more.
 * - It retries for ever where a topic is gone, and does not say which. So topics are looked up before and while it sends.
 * - It cannot be stopped while it retries. So its sockets are taken away (`FencedSockets`).
 */
export class KafkajsTransport implements ProducerTransport {
  readonly name = 'kafkajs';
  readonly transaction = null;
  readonly #sockets: FencedSockets;
  readonly #client: ClusterClient;
  readonly #leaders: Leaders;
  readonly #view = new LeaderView();
  readonly #producer: Producer;
  readonly #compression: number;
  readonly #severed = new AbortController();
  readonly #onRetry: DriverOptions['onRetry'];
  /** Retries within the present send, as far as they can be seen. */
  #retries = 0;

  constructor(options: DriverOptions) {
    this.#onRetry = options.onRetry;
    this.#sockets = new FencedSockets((broker) => this.#notice(`connecting again to ${broker}`));
    this.#client = new ClusterClient(options);
    this.#leaders = new Leaders(this.#client);
    this.#compression = kafkajsCompression(options.compression ?? 'none');
    const requestTimeout = options.requestTimeoutMs ?? defaults.requestTimeoutMs;
    const deliveryTimeout = options.deliveryTimeoutMs ?? defaults.deliveryTimeoutMs;
    const kafka = new kafkajs.Kafka({
      clientId: options.clientId,
      // Asked again before each reconnection: no brokers is the one failure kafkajs does not retry.
      brokers: () => (this.#severed.signal.aborted ? [] : [...options.brokers]),
      connectionTimeout: options.connectTimeoutMs ?? defaults.connectTimeoutMs,
      requestTimeout,
      socketFactory: this.#sockets.factory,
      logLevel: kafkajs.logLevel.NOTHING,
      ...(options.tls === undefined ? {} : { ssl: options.tls }),
      ...(options.sasl === undefined ? {} : { sasl: saslOptions(options.sasl) }),
      // Longer than the deadline of a send, which is what ends it.
      retry: { initialRetryTime: 30, maxRetryTime: 1_000, retries: 10 + Math.ceil(deliveryTimeout / 500) },
    });
    this.#producer = kafka.producer({
      idempotent: true,
      allowAutoTopicCreation: false,
      createPartitioner: this.#view.partitioner,
    });
  }

  async open(): Promise<void> {
    // Fails at once where kafkajs would retry until its end.
    await this.#client.describe([]);
    try {
      await this.#producer.connect();
    } catch (error) {
      throw fromKafkajs(error);
    }
  }

  async produce(batches: readonly PartitionBatch[]): Promise<readonly OffsetRange[]> {
    this.#retries = 0;
    await this.#patiently(() => this.#leaders.learn(topicsOf(batches)));
    const ranges: OffsetRange[] = [];
    for (let rest = batches; rest.length > 0;) {
      const groups = await this.#byLeader(rest);
      const results = await Promise.allSettled(groups.map((group) => this.#sendToLeader(group)));
      let failure: KafkaDriverError | undefined;
      for (const result of results) {
        if (result.status === 'fulfilled') ranges.push(...result.value);
        else failure ??= fromKafkajs(result.reason);
      }
      if (failure !== undefined) {
        throw new KafkaDriverError(failure.message, { ...failure, stored: ranges, cause: failure.cause });
      }
      rest = rest.filter(({ topic, partition }) => !ranges.some((range) => isOf(range, topic, partition)));
      if (rest.length > 0) {
        this.#notice(
          `no offset for ${rest.map(({ topic, partition }) => `${topic}/${partition}`).join(', ')}`,
        );
        await this.#patiently(() => this.#leaders.refresh(topicsOf(rest)));
      }
    }
    return ranges;
  }

  sever(): void {
    this.#severed.abort();
    this.#sockets.sever();
    this.#client.sever();
  }

  async dispose(): Promise<void> {
    this.sever();
    // Only timers are left; it waits for requests that can no longer be answered, so nobody waits for it.
    this.#producer.disconnect().catch(() => {});
  }

  /** kafkajs says nothing of its retries but in its log: a broker that is connected to again is what can be told. */
  #notice(reason: string): void {
    this.#onRetry?.({ attempt: ++this.#retries, code: undefined, reason });
  }

  /** Sorts batches by leader. Partitions without a leader, or with a fault, are asked about again for a while. */
  async #byLeader(batches: readonly PartitionBatch[]): Promise<PartitionBatch[][]> {
    for (let attempt = 1; ; attempt++) {
      let failure: KafkaDriverError | undefined;
      const groups = this.#view.group(batches, ({ topic, partition }) => {
        const leadership = this.#leaders.of(topic, partition);
        if ('node' in leadership) return leadership.node;
        if (!leadership.passing) throw leadership.error;
        failure = leadership.error;
        return NOBODY;
      });
      if (failure === undefined) return groups;
      if (failure.topicFault && attempt > 8) throw failure;
      await sleep(Math.min(20 * 2 ** attempt, 1_000), undefined, { signal: this.#severed.signal });
      await this.#patiently(() => this.#leaders.refresh(topicsOf(batches)));
    }
  }

  /** Until it succeeds or the driver ends. */
  #patiently(ask: () => Promise<void>): Promise<void> {
    return retried({ timeoutMs: Number.POSITIVE_INFINITY, signal: this.#severed.signal }, ask);
  }

  async #sendToLeader(batches: readonly PartitionBatch[]): Promise<OffsetRange[]> {
    using watch = new TopicWatch(this.#leaders, batches);
    const sent = this.#producer.sendBatch({
      acks: -1,
      compression: this.#compression,
      topicMessages: [...Map.groupBy(batches, ({ topic }) => topic)].map(([topic, ofTopic]) => ({
        topic,
        messages: ofTopic.flatMap(({ records }) => records.map(message)),
      })),
    });
    // After a topic fault was found it goes on retrying until it is severed.
    sent.catch(() => {});
    try {
      return rangesOf(batches, await Promise.race([sent, watch.fault]));
    } catch (error) {
      if (rootCause(error) instanceof LeaderMoved) return [];
      // kafkajs does not say which partition was refused; it is known if there was only one.
      throw fromKafkajs(error, batches.length === 1 ? placeOf(batches[0]!) : {});
    }
  }
}

function rangesOf(batches: readonly PartitionBatch[], metadata: readonly RecordMetadata[]): OffsetRange[] {
  const ranges: OffsetRange[] = [];
  for (const { topic, partition, records } of batches) {
    const answer = metadata.find((entry) => entry.topicName === topic && entry.partition === partition);
    if (answer?.baseOffset === undefined) continue;
    const firstOffset = BigInt(answer.baseOffset);
    ranges.push({ topic, partition, firstOffset, lastOffset: firstOffset + BigInt(records.length - 1) });
  }
  return ranges;
}

function placeOf({ topic, partition, records, indexes }: PartitionBatch) {
  return { topic, partition, recordIndex: records.length === 1 ? indexes[0] : undefined };
}

function saslOptions({ mechanism, username, password }: NonNullable<DriverOptions['sasl']>) {
  switch (mechanism) {
    case 'plain':
      return { mechanism, username, password };
    case 'scram-sha-256':
      return { mechanism, username, password };
    case 'scram-sha-512':
      return { mechanism, username, password };
  }
}

function topicsOf(batches: readonly PartitionBatch[]): Set<string> {
  return new Set(batches.map(({ topic }) => topic));
}

function isOf(range: OffsetRange, topic: string, partition: number): boolean {
  return range.topic === topic && range.partition === partition;
}

import kafkajs, { type Message, type Producer, type RecordMetadata } from 'kafkajs';
import { setTimeout as sleep } from 'node:timers/promises';
import { defaults, type DriverOptions } from '../driver-options.ts';
import { KafkaDriverError } from '../errors.ts';
import type { PartitionBatch } from '../partition-batch.ts';
import type { ProducedRecord } from '../produced-record.ts';
import type { OffsetRange } from '../producer-driver.ts';
import type { ProducerTransport } from '../producer-transport.ts';
import { ClusterClient } from '../wire/cluster-client.ts';
import { Leaders } from '../wire/leaders.ts';
import { FencedSockets } from './fenced-sockets.ts';
import { LeaderMoved, LeaderView } from './leader-view.ts';
import { kafkajsCompression } from './kafkajs-compression.ts';
import { fromKafkajs, rootCause } from './kafkajs-errors.ts';

/** A topic is looked at this often while a send to it hangs. */
const WATCH_EVERY_MS = 1_500;
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
    await this.#leaders.learn(topicsOf(batches));
    this.#retries = 0;
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
        await this.#leaders.refresh(topicsOf(rest));
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
      await this.#leaders.refresh(topicsOf(batches));
    }
  }

  async #sendToLeader(batches: readonly PartitionBatch[]): Promise<OffsetRange[]> {
    const done = new AbortController();
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
      return rangesOf(batches, await Promise.race([sent, this.#watch(batches, done.signal)]));
    } catch (error) {
      if (rootCause(error) instanceof LeaderMoved) return [];
      // kafkajs does not say which partition was refused; it is known if there was only one.
      throw fromKafkajs(error, batches.length === 1 ? placeOf(batches[0]!) : {});
    } finally {
      done.abort();
    }
  }

  /** Rejects when, twice in a row, a topic of a send that hangs turns out to be at fault. */
  async #watch(batches: readonly PartitionBatch[], done: AbortSignal): Promise<never> {
    const signal = AbortSignal.any([done, this.#severed.signal]);
    const topics = topicsOf(batches);
    for (let faults = 0; ;) {
      await sleep(WATCH_EVERY_MS, undefined, { signal, ref: false });
      try {
        await this.#leaders.refresh(topics);
      } catch {
        // Not to reach a broker is what the send is waiting out.
        continue;
      }
      const fault = batches
        .map(({ topic, partition }) => this.#leaders.of(topic, partition))
        .find((leadership) => 'error' in leadership && leadership.error.topicFault);
      faults = fault === undefined ? 0 : faults + 1;
      if (faults >= 2 && fault !== undefined && 'error' in fault) throw fault.error;
    }
  }
}

function message({ key, value, headers, timestampMs, partition }: ProducedRecord): Message {
  return {
    key: key === null ? null : buffer(key),
    value: value === null ? null : buffer(value),
    partition,
    timestamp: String(timestampMs),
    headers: headerObject(headers),
  };
}

/**
 * kafkajs takes headers as an object: values of one name stay in order, but stand where the name stood first, and
 * names that look like integers move to the front.
 */
function headerObject(headers: ProducedRecord['headers']): Record<string, Buffer | Buffer[]> {
  const object: Record<string, Buffer | Buffer[]> = Object.create(null);
  for (const [name, bytes] of headers) {
    const before = object[name];
    if (before === undefined) object[name] = buffer(bytes);
    else if (Array.isArray(before)) before.push(buffer(bytes));
    else object[name] = [before, buffer(bytes)];
  }
  return object;
}

function buffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
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

import { Kafka, logLevel, type Admin, type Consumer, type EachBatchPayload, type IHeaders } from 'kafkajs';
import { until } from '@tributary/testing';
import { DemoError, reasonOf } from '../errors.ts';
import type { KafkaRecord } from '../verdict/ledger.ts';

const LOOK_MS = 250;
const JOIN_MS = 30_000;

export interface KafkaCounterOptions {
  readonly brokers: readonly string[];
  /** Topics to read; those that do not exist yet are read from their beginning as soon as they do. */
  readonly topics: readonly string[];
  /** Only records of clients whose id begins with this are counted. */
  readonly clientPrefix: string;
  onRecord(record: KafkaRecord): void;
}

/**
 * An independent consumer (kafkajs) that reads what arrives from now on. Each record is counted once, however often it
 * is fetched: places in a partition say which are new.
 */
export class KafkaCounter implements AsyncDisposable {
  readonly #options: KafkaCounterOptions;
  readonly #kafka: Kafka;
  readonly #admin: Admin;
  readonly #ending = new AbortController();
  readonly #consumers: { readonly groupId: string; readonly consumer: Consumer }[] = [];
  /** By topic and partition: the next offset. */
  readonly #next = new Map<string, bigint>();
  readonly #counts = new Map<string, number>();
  readonly #reading = new Set<string>();
  #looking: Promise<void> = Promise.resolve();

  private constructor(options: KafkaCounterOptions) {
    this.#options = options;
    this.#kafka = new Kafka({
      clientId: options.clientPrefix,
      brokers: [...options.brokers],
      logLevel: logLevel.NOTHING,
      retry: { initialRetryTime: 100, maxRetryTime: 2_000 },
    });
    this.#admin = this.#kafka.admin();
  }

  /** Resolves when every topic that exists is being read from its present end. Errors: `kafka`. */
  static async start(options: KafkaCounterOptions): Promise<KafkaCounter> {
    const counter = new KafkaCounter(options);
    try {
      await counter.#admin.connect();
      const existing = await counter.#newTopics();
      if (existing.length > 0) await counter.#read(existing, (topic) => counter.#ends(topic));
      counter.#looking = counter.#lookForTopics();
    } catch (cause) {
      await counter[Symbol.asyncDispose]();
      const where = options.brokers.join(', ');
      throw new DemoError('kafka', `Kafka at ${where} cannot be read: ${reasonOf(cause)}`, { cause });
    }
    return counter;
  }

  /** Records counted, by Kafka topic. */
  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  /** Whether everything was read that is in the topics now. */
  async caughtUp(): Promise<boolean> {
    const wanted = await this.#newTopics();
    if (wanted.length > 0) return false;
    for (const topic of this.#reading) {
      for (const { partition, offset } of await this.#ends(topic)) {
        const begin = this.#next.get(`${topic}/${partition}`);
        if (BigInt(offset) > (begin ?? 0n)) return false;
      }
    }
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await this.#looking;
    await Promise.allSettled(this.#consumers.map(({ consumer }) => consumer.disconnect()));
    const groups = this.#consumers.map(({ groupId }) => groupId);
    // A group that stays behind does no harm; Kafka forgets it.
    if (groups.length > 0) await this.#admin.deleteGroups(groups).catch(() => []);
    await this.#admin.disconnect().catch(() => undefined);
  }

  async #newTopics(): Promise<string[]> {
    const wanted = new Set(this.#options.topics);
    return (await this.#admin.listTopics()).filter((topic) => wanted.has(topic) && !this.#reading.has(topic));
  }

  async #ends(topic: string): Promise<{ partition: number; offset: string }[]> {
    // A topic that was created just now may have no leader yet; the client does not ask again by itself.
    const offsets = await until(() => this.#admin.fetchTopicOffsets(topic), {
      what: `Kafka tells where ${topic} ends`,
      intervalMs: 200,
      signal: this.#ending.signal,
    });
    return offsets.map(({ partition, high }) => ({ partition, offset: high }));
  }

  async #lookForTopics(): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, LOOK_MS);
        signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
      });
      if (signal.aborted) return;
      try {
        const appeared = await this.#newTopics();
        if (appeared.length > 0) await this.#read(appeared, async () => []);
      } catch {
        // Kafka is away for the moment; it is asked again.
      }
    }
  }

  /** One consumer for these topics. A group cannot take on topics while it runs. */
  async #read(
    topics: readonly string[],
    from: (topic: string) => Promise<{ partition: number; offset: string }[]>,
  ): Promise<void> {
    const groupId = `${this.#options.clientPrefix}${this.#consumers.length}`;
    const begins: { topic: string; partition: number; offset: string }[] = [];
    for (const topic of topics) {
      const partitions = await from(topic);
      begins.push(...partitions.map(({ partition, offset }) => ({ topic, partition, offset })));
      for (const { partition, offset } of partitions) this.#next.set(`${topic}/${partition}`, BigInt(offset));
    }
    const consumer = this.#kafka.consumer({
      groupId,
      maxWaitTimeInMs: 500,
      allowAutoTopicCreation: false,
      retry: {
        initialRetryTime: 100,
        maxRetryTime: 2_000,
        restartOnFailure: async () => !this.#ending.signal.aborted,
      },
    });
    this.#consumers.push({ groupId, consumer });
    await consumer.connect();
    // From the beginning until `seek` takes hold: what is older than our beginning is passed over. From the end, a fetch
    // before `seek` could begin too late.
    await consumer.subscribe({ topics: [...topics], fromBeginning: true });
    const joined = new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`Kafka lets no consumer join within ${JOIN_MS} ms`)),
        JOIN_MS,
      );
      consumer.on(consumer.events.GROUP_JOIN, () => (clearTimeout(timer), resolve()));
    });
    const running = consumer.run({ autoCommit: false, eachBatch: async (batch) => this.#take(batch) });
    await Promise.all([running, joined]);
    for (const begin of begins) consumer.seek(begin);
    for (const topic of topics) this.#reading.add(topic);
  }

  #take({ batch }: EachBatchPayload): void {
    const place = `${batch.topic}/${batch.partition}`;
    for (const message of batch.messages) {
      const { offset, key, value, headers } = message;
      const at = BigInt(offset);
      if (at < (this.#next.get(place) ?? 0n)) continue;
      this.#next.set(place, at + 1n);
      if (!lastHeader(headers, 'mqtt.client_id').startsWith(this.#options.clientPrefix)) continue;
      this.#counts.set(batch.topic, (this.#counts.get(batch.topic) ?? 0) + 1);
      this.#options.onRecord({
        kafkaTopic: batch.topic,
        key: key?.toString() ?? null,
        mqttTopic: lastHeader(headers, 'mqtt.topic'),
        value: value ?? new Uint8Array(),
        producer: producerOf(message),
      });
    }
  }
}

// Of several headers with one name the last is the gateway's own.
function lastHeader(headers: IHeaders | undefined, name: string): string {
  const value = headers?.[name];
  const last = Array.isArray(value) ? value.at(-1) : value;
  return last === undefined ? '' : last.toString();
}

// What a record batch says of its producer is in kafkajs' messages, but not in its types.
function producerOf(message: object): string {
  const context: unknown = 'batchContext' in message ? message.batchContext : undefined;
  if (typeof context !== 'object' || context === null) return '';
  if (!('producerId' in context) || !('producerEpoch' in context)) return '';
  return `${String(context.producerId)}/${String(context.producerEpoch)}`;
}

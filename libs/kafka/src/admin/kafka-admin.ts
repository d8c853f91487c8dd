import type { ClusterOptions } from '../driver-options.ts';
import { brokerError } from '../errors.ts';
import { ClusterClient, type BrokerInfo, type TopicInfo } from '../wire/cluster-client.ts';
import { retried } from '../wire/retry.ts';
import { createTopics, type NewTopic, type TopicCreation } from './create-topics.ts';
import { ensurePositionsTopic, type PositionsTopic } from './positions-topic.ts';
import { readPositions, type Position } from './read-positions.ts';
import { topicSettings } from './topic-settings.ts';

export interface AdminOptions extends ClusterOptions {
  /** Age at which a partition count is asked for again. Default 60,000 ms. */
  readonly topicMaxAgeMs?: number | undefined;
  /** How long an operation is tried. Default 15,000 ms. */
  readonly operationTimeoutMs?: number | undefined;
}

export interface ClusterStatus {
  readonly clusterId: string;
  readonly brokers: readonly BrokerInfo[];
}

interface KnownTopic {
  readonly partitions: number;
  readonly askedAt: number;
}

/**
 * What a service needs to know of, and do to, a Kafka cluster besides producing. Joins no consumer group and leaves nothing behind.
 * Failures are `KafkaDriverError`.
 */
export class KafkaAdmin implements AsyncDisposable {
  readonly #client: ClusterClient;
  readonly #topicMaxAgeMs: number;
  readonly #timeoutMs: number;
  readonly #topics = new Map<string, KnownTopic>();
  readonly #closed = new AbortController();

  constructor(options: AdminOptions) {
    this.#client = new ClusterClient(options);
    this.#topicMaxAgeMs = options.topicMaxAgeMs ?? 60_000;
    this.#timeoutMs = options.operationTimeoutMs ?? 15_000;
  }

  /** One try: whether the cluster is reachable and new enough, and who its brokers are. */
  async check(): Promise<ClusterStatus> {
    const { clusterId, brokers } = await this.#client.describe([]);
    return { clusterId, brokers };
  }

  /** Partition count of a topic, remembered for `topicMaxAgeMs`. Rejects with a `topicFault` if the topic is unknown or forbidden. */
  async partitionsOf(topic: string): Promise<number> {
    return this.knownPartitions(topic) ?? (await this.#ask(topic));
  }

  /** The remembered partition count; undefined if it must be asked for (again). For paths that cannot wait. */
  knownPartitions(topic: string): number | undefined {
    const known = this.#topics.get(topic);
    return known !== undefined && performance.now() - known.askedAt < this.#topicMaxAgeMs
      ? known.partitions
      : undefined;
  }

  /** Forgets what is remembered of a topic: after a topic fault. */
  forget(topic: string): void {
    this.#topics.delete(topic);
  }

  /** Creates the topics that do not exist and waits until they have leaders. */
  async createTopics(topics: readonly NewTopic[]): Promise<TopicCreation[]> {
    const created = await retried(this.#bounds, () => createTopics(this.#client, topics, this.#timeoutMs));
    await Promise.all(topics.map(({ topic }) => this.#untilLed(topic)));
    return created;
  }

  /** The settings of a topic, defaults of the cluster included, by name. */
  async topicSettings(topic: string): Promise<ReadonlyMap<string, string>> {
    return retried(this.#bounds, () => topicSettings(this.#client, topic));
  }

  /** `min.insync.replicas` and the replication factor of a topic: what acks=all means for it. */
  async durability(topic: string): Promise<{ replication: number; minInSyncReplicas: number }> {
    const settings = await this.topicSettings(topic);
    const { partitions } = await retried(this.#bounds, () => this.#describe(topic));
    return {
      replication: Math.min(...partitions.map(({ replicas }) => replicas.length)),
      minInSyncReplicas: Number(settings.get('min.insync.replicas') ?? 1),
    };
  }

  /** Creates the topic of positions if need be, and checks that it is one that keeps them. */
  async ensurePositionsTopic(wanted: PositionsTopic): Promise<void> {
    await retried(this.#bounds, () => ensurePositionsTopic(this, wanted));
  }

  /** Reads a topic of positions to its end: the newest value of each key. See `readPositions`. */
  async readPositions(topic: string, options: { signal?: AbortSignal } = {}): Promise<Map<string, Position>> {
    const signal =
      options.signal === undefined
        ? this.#closed.signal
        : AbortSignal.any([options.signal, this.#closed.signal]);
    return retried({ timeoutMs: this.#timeoutMs, signal }, () => readPositions(this.#client, topic, signal));
  }

  async close(): Promise<void> {
    this.#closed.abort();
    this.#client.sever();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  get #bounds() {
    return { timeoutMs: this.#timeoutMs, signal: this.#closed.signal };
  }

  async #ask(topic: string): Promise<number> {
    const { partitions } = await retried(this.#bounds, () => this.#describe(topic));
    this.#topics.set(topic, { partitions: partitions.length, askedAt: performance.now() });
    return partitions.length;
  }

  async #describe(topic: string): Promise<TopicInfo> {
    const { topics } = await this.#client.describe([topic]);
    const info = topics[0];
    if (info === undefined) throw brokerError(3, { topic });
    // A topic some of whose partitions have no leader for now is still a topic with that many partitions.
    if (info.errorCode !== 0 && info.errorCode !== LEADER_NOT_AVAILABLE)
      throw brokerError(info.errorCode, { topic });
    return info;
  }

  /** A topic that was just created is unknown to brokers, and its partitions are without leader, for a moment. */
  async #untilLed(topic: string): Promise<void> {
    await retried(this.#bounds, async () => {
      const { topics } = await this.#client.describe([topic]);
      const partitions = topics[0]?.errorCode === 0 ? topics[0].partitions : [];
      if (partitions.length === 0 || partitions.some(({ leader }) => leader < 0)) {
        throw brokerError(LEADER_NOT_AVAILABLE, { topic });
      }
      this.#topics.set(topic, { partitions: partitions.length, askedAt: performance.now() });
    });
  }
}

const LEADER_NOT_AVAILABLE = 5;

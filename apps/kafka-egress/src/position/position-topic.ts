import { setTimeout as sleep } from 'node:timers/promises';
import { javaPartition, KafkaDriverError, KafkaErrorCode, type KafkaAdmin } from '@tributary/kafka';
import { HaltError, StoppedError } from '../errors.ts';
import type { PositionRecord } from '../kafka/outgoing.ts';
import { isKeyOf, positionKey, positionScope, type EgressPosition } from './position.ts';

export interface PositionTopicOptions {
  readonly admin: KafkaAdmin;
  readonly topic: string;
  /** Used if the topic has to be created. */
  readonly partitions: number;
  readonly replication: number;
  readonly signal: AbortSignal;
  onAway(reason: string | null): void;
}

/** What the positions topic holds for one partition of one cluster, and under which key this owner writes. */
export interface FoundPositions {
  readonly positions: readonly EgressPosition[];
  /** What this owner wrote itself. */
  readonly own: EgressPosition | null;
  /** Keys of former owners. */
  readonly keys: readonly string[];
}

const LONGEST_PAUSE_MS = 5_000;

/** The compacted topic in which Kafka itself remembers how far each partition has come. */
export class PositionTopic {
  readonly #options: PositionTopicOptions;
  readonly #scope: string;
  readonly #key: string;
  #partition = -1;

  constructor(
    options: PositionTopicOptions,
    owner: { cluster: string; generation: number; partition: number; epoch: number },
  ) {
    this.#options = options;
    this.#scope = positionScope(owner.cluster, owner.generation, owner.partition);
    this.#key = positionKey(this.#scope, owner.epoch);
  }

  /** Makes sure that the topic is there and keeps what it is given. Waits while Kafka is away. @throws HaltError */
  async open(): Promise<void> {
    const { admin, topic, partitions, replication } = this.#options;
    const count = await this.#persistently(async () => {
      await admin.ensurePositionsTopic({ topic, partitions, replication });
      return admin.partitionsOf(topic);
    });
    // All owners of a partition write to the same place, so what one of them writes in one batch is in order.
    this.#partition = javaPartition(Buffer.from(this.#scope), count);
  }

  /** Reads the topic to its end. To be called after the producer has its id. Waits while Kafka is away. */
  async read(): Promise<FoundPositions> {
    const { admin, topic, signal } = this.#options;
    const all = await this.#persistently(() => admin.readPositions(topic, { signal }));
    const found = new Map<string, EgressPosition>();
    for (const [key, { incarnation, sequence, part, out }] of all) {
      if (!isKeyOf(this.#scope, key)) continue;
      found.set(key, { incarnation, out: typeof out === 'string' ? out : '', sequence, part });
    }
    const keys = [...found.keys()].filter((key) => key !== this.#key);
    return { positions: [...found.values()], own: found.get(this.#key) ?? null, keys };
  }

  record(position: EgressPosition): PositionRecord {
    return this.#record(this.#key, position);
  }

  /** Removes what a former owner wrote. Only in one send with, and behind, a position of this owner. */
  tombstone(key: string): PositionRecord {
    return this.#record(key, null);
  }

  #record(key: string, position: EgressPosition | null): PositionRecord {
    return {
      positions: true,
      position,
      topic: this.#options.topic,
      partition: this.#partition,
      key: Buffer.from(key),
      value: position && Buffer.from(JSON.stringify(position)),
      headers: [],
      timestampMs: Date.now(),
    };
  }

  async #persistently<T>(operation: () => Promise<T>): Promise<T> {
    const { signal, onAway } = this.#options;
    for (let attempt = 0; ; attempt++) {
      if (signal.aborted) throw new StoppedError('reading the position was ended');
      try {
        const result = await operation();
        if (attempt > 0) onAway(null);
        return result;
      } catch (error) {
        if (signal.aborted) throw new StoppedError('reading the position was ended', { cause: error });
        if (!(error instanceof KafkaDriverError)) throw error;
        if (FINAL.has(error.code)) throw new HaltError('positions-topic', error.message, { cause: error });
        onAway(error.message);
      }
      await sleep(Math.min(100 * 2 ** Math.min(attempt, 6), LONGEST_PAUSE_MS), undefined, { signal });
    }
  }
}

const FINAL: ReadonlySet<string> = new Set([KafkaErrorCode.topicSettings, KafkaErrorCode.positionUnreadable]);

import { setTimeout as sleep } from 'node:timers/promises';
import { KafkaDriverError } from '@tributary/kafka';

/** What the directory needs of `KafkaAdmin`. */
export interface TopicAdmin {
  knownPartitions(topic: string): number | undefined;
  partitionsOf(topic: string): Promise<number>;
  forget(topic: string): void;
  createTopics(
    topics: readonly { readonly topic: string; readonly partitions: number; readonly replication: number }[],
  ): Promise<unknown>;
}

export interface TopicDirectoryOptions {
  readonly admin: TopicAdmin;
  /** How to create topics; null: they must exist. */
  readonly creation: { readonly partitions: number; readonly replication: number } | null;
  /** How long a topic may be at fault before its records are refused, in ms. */
  readonly patienceMs: number;
  /**
   * What became of a topic: nothing needs it yet but it cannot be used, its records wait, they wait no longer, it
   * can be used again, it was created.
   */
  onChange(
    topic: string,
    what: 'unusable' | 'fault' | 'given-up' | 'usable' | 'created',
    reason: string,
  ): void;
}

/** Somebody with records for a topic. */
export interface TopicWaiter {
  readonly signal: AbortSignal;
  /** Kafka does not answer; null: it does again. */
  away(reason: string | null): void;
  /** The topic is at fault; null: no longer waited for. */
  waiting(reason: string | null): void;
}

/** Why records for a topic cannot be produced. */
export interface TopicRefusal {
  readonly code: string;
  readonly message: string;
}

interface Fault {
  readonly sinceMs: number;
  refusal: TopicRefusal;
  /** Found by a send: that the topic exists proves nothing, only a record that is stored does. */
  bySend: boolean;
  givenUp: boolean;
  lookedMs: number;
}

const RETRY_MS = 250;
/** A topic that was given up is looked at again this often. */
const LOOK_AGAIN_MS = 5_000;

/**
 * How many partitions topics have, and which topics are at fault. Shared by the partitions of a cluster, so the
 * patience with a topic begins when the first of them misses it and is granted once, not with every record.
 */
export class TopicDirectory {
  readonly #options: TopicDirectoryOptions;
  readonly #faults = new Map<string, Fault>();

  constructor(options: TopicDirectoryOptions) {
    this.#options = options;
  }

  /** Topics at fault and why, for the status page. */
  get faults(): Record<string, string> {
    return Object.fromEntries([...this.#faults].map(([topic, { refusal }]) => [topic, refusal.message]));
  }

  /** The partition count if it is known and no fault is; for the path that cannot wait. */
  known(topic: string): number | undefined {
    return this.#faults.has(topic) ? undefined : this.#options.admin.knownPartitions(topic);
  }

  /**
   * Looks at topics before there are records for them: creates what may be created, so that consumers find it, and
   * tells of what is missing while there is still time. Nothing is held against a topic.
   */
  async prepare(topics: readonly string[], signal: AbortSignal): Promise<void> {
    for (const topic of topics) {
      for (;;) {
        signal.throwIfAborted();
        try {
          await this.#look(topic);
          break;
        } catch (error) {
          if (!(error instanceof KafkaDriverError)) throw error;
          if (isOfTopic(error, topic)) {
            this.#options.onChange(topic, 'unusable', this.#explain(topic, error));
            break;
          }
        }
        await sleep(LOOK_AGAIN_MS, undefined, { signal });
      }
    }
  }

  /**
   * The partition count of a topic, or why its records are refused. Waits while the patience with it lasts, and
   * for ever while Kafka is away.
   */
  async find(topic: string, waiter: TopicWaiter): Promise<number | TopicRefusal> {
    let waits = false;
    for (let away = 0; ;) {
      waiter.signal.throwIfAborted();
      const fault = this.#faults.get(topic);
      if (fault?.givenUp && performance.now() - fault.lookedMs < LOOK_AGAIN_MS) {
        if (waits) waiter.waiting(null);
        return fault.refusal;
      }
      const found = await this.#try(topic);
      if (away > 0 && !(found instanceof KafkaDriverError)) waiter.away(null);
      if (found instanceof KafkaDriverError) {
        waiter.away(found.message);
        away++;
      } else if (found !== null) {
        if (waits) waiter.waiting(null);
        return found;
      } else {
        away = 0;
        waits = true;
        waiter.waiting(`waiting for topic "${topic}": ${this.#faults.get(topic)?.refusal.message ?? ''}`);
      }
      const pause = away > 0 ? Math.min(100 * 2 ** Math.min(away, 6), 5_000) : RETRY_MS;
      await sleep(pause, undefined, { signal: waiter.signal });
    }
  }

  /**
   * Notes that a send was refused because of its topic.
   * @returns why its records are refused, or null while they shall wait and be tried again.
   */
  sendRefused(topic: string, error: KafkaDriverError): TopicRefusal | null {
    return this.#note(topic, error, true);
  }

  /** True if one of them is of a topic that is at fault: a send that holds it may hang, or fail. */
  isAnyAtFault(records: Iterable<{ readonly topic: string }>): boolean {
    if (this.#faults.size > 0) for (const { topic } of records) if (this.#faults.has(topic)) return true;
    return false;
  }

  /** Forgets a partition count that turned out to be wrong. */
  forget(topic: string): void {
    this.#options.admin.forget(topic);
  }

  /** Notes that records of these topics were stored. */
  stored(topics: Iterable<string>): void {
    if (this.#faults.size > 0) for (const topic of topics) this.#clear(topic);
  }

  /** One try: the partition count, the refusal, null to wait, or the error of a Kafka that does not answer. */
  async #try(topic: string): Promise<number | TopicRefusal | null | KafkaDriverError> {
    try {
      const partitions = await this.#look(topic);
      const fault = this.#faults.get(topic);
      if (fault?.bySend) fault.lookedMs = performance.now();
      else this.#clear(topic);
      return partitions;
    } catch (error) {
      if (!(error instanceof KafkaDriverError)) throw error;
      return isOfTopic(error, topic) ? this.#note(topic, error, false) : error;
    }
  }

  async #look(topic: string): Promise<number> {
    const { admin, creation, onChange } = this.#options;
    try {
      return await admin.partitionsOf(topic);
    } catch (error) {
      if (creation === null || !isUnknown(error)) throw error;
    }
    await admin.createTopics([{ topic, ...creation }]);
    onChange(topic, 'created', '');
    return admin.partitionsOf(topic);
  }

  #note(topic: string, error: KafkaDriverError, bySend: boolean): TopicRefusal | null {
    const { patienceMs, onChange } = this.#options;
    this.forget(topic);
    const now = performance.now();
    const refusal = { code: error.code, message: this.#explain(topic, error) };
    let fault = this.#faults.get(topic);
    if (fault === undefined) {
      fault = { sinceMs: now, refusal, bySend, givenUp: false, lookedMs: now };
      this.#faults.set(topic, fault);
      onChange(topic, 'fault', refusal.message);
    }
    fault.refusal = refusal;
    fault.bySend ||= bySend;
    fault.lookedMs = now;
    // A name that no topic can have will not become one.
    if (!fault.givenUp && (isImpossible(error) || now - fault.sinceMs >= patienceMs)) {
      fault.givenUp = true;
      onChange(topic, 'given-up', refusal.message);
    }
    return fault.givenUp ? refusal : null;
  }

  #clear(topic: string): void {
    if (this.#faults.delete(topic)) this.#options.onChange(topic, 'usable', '');
  }

  #explain(topic: string, error: KafkaDriverError): string {
    if (!isUnknown(error) || this.#options.creation !== null) return error.message;
    return (
      `topic "${topic}" does not exist: create it, or let Tributary do it by ` +
      '"createTopics: { partitions: 6, replication: 3 }" in the cluster of the mapping'
    );
  }
}

/** False for what is the cluster's trouble and passes: a leader that is not elected yet, a broker that is away. */
function isOfTopic(error: KafkaDriverError, topic: string): boolean {
  return error.topicFault || (error.topic === topic && !error.retryable);
}

function isUnknown(error: unknown): boolean {
  return error instanceof KafkaDriverError && error.code === 'unknown-topic-or-partition';
}

function isImpossible(error: KafkaDriverError): boolean {
  return error.code === 'invalid-topic-exception';
}

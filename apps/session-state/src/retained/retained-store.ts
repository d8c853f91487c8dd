import { openRow, type RowView } from '@tributary/contracts';
import { BucketFollower, type LeaderBucket } from '@tributary/log';
import { decodeRetained, retainedBytes, retainedMessage, type RetainedMessage } from './retained-message.ts';
import { RetainedWriter } from './retained-writer.ts';
import { isNewer, type Stamp } from './stamp.ts';
import { TopicTree } from './topic-tree.ts';

export interface RetainedStoreOptions {
  /** `buckets.retained` */
  kv: LeaderBucket;
  maxBytes: number;
  tombstoneMs: number;
  signal: AbortSignal;
  onRefused(): void;
}

/** Retained messages: derived from the log, kept in memory for look-ups, and in a bucket for the next start. */
export class RetainedStore {
  readonly #options: RetainedStoreOptions;
  readonly #tree = new TopicTree<RetainedMessage>();
  readonly #writer: RetainedWriter;
  #bytes = 0;
  #messages = 0;

  private constructor(options: RetainedStoreOptions) {
    this.#options = options;
    this.#writer = new RetainedWriter(options.kv, options.signal);
  }

  /** Loads what the bucket holds. */
  static async open(options: RetainedStoreOptions): Promise<RetainedStore> {
    const store = new RetainedStore(options);
    await using follower = await BucketFollower.open(options.kv, {
      onEntry: (entry) => {
        if (entry.operation === 'PUT') store.#keep(decodeRetained(entry.value));
      },
    });
    void follower;
    return store;
  }

  /** Topics with a retained message. */
  get size(): number {
    return this.#messages;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** First log sequence of a partition that is not stored yet; Infinity if all is. */
  holdsFrom(partition: number): number {
    return this.#writer.holdsFrom(partition);
  }

  /** Takes a row with the retain flag. An older value than the one known changes nothing. */
  apply(topic: string, stamp: Stamp, row: RowView): void {
    const known = this.#tree.get(topic);
    if (known && !isNewer(stamp, known.stamp)) return;
    const message = retainedMessage(topic, stamp, openRow(Buffer.from(row.bytes)));
    if (!known && !message.tombstone && this.#bytes + retainedBytes(message) > this.#options.maxBytes) {
      this.#options.onRefused();
      return;
    }
    this.#keep(message);
    this.#writer.put(message);
  }

  /** Retained messages of the topics that a filter matches, as of now. */
  *match(filter: string): Generator<RetainedMessage> {
    const now = Date.now();
    for (const message of this.#tree.match(filter)) {
      if (!message.tombstone && message.expiresAtMs > now) yield message;
    }
  }

  /**
   * Forgets expired messages, and tombstones that are old enough.
   * @param routedMs all rows received before this time have been routed, so nothing older can come back
   */
  async sweep(routedMs: number): Promise<number> {
    const now = Date.now();
    const gone = [...this.#tree.values()].filter(({ tombstone, stamp, expiresAtMs }) =>
      tombstone
        ? stamp.receivedMs < Math.min(now - this.#options.tombstoneMs, routedMs)
        : expiresAtMs < Math.min(now, routedMs),
    );
    for (const message of gone) {
      this.#forget(message);
      await this.#writer.remove(message);
    }
    return gone.length;
  }

  #keep(message: RetainedMessage): void {
    const known = this.#tree.get(message.topic);
    if (known) this.#account(known, -1);
    this.#tree.set(message.topic, message);
    this.#account(message, 1);
  }

  #forget(message: RetainedMessage): void {
    if (this.#tree.get(message.topic) !== message) return;
    this.#tree.delete(message.topic);
    this.#account(message, -1);
  }

  #account(message: RetainedMessage, sign: 1 | -1): void {
    this.#bytes += sign * retainedBytes(message);
    if (!message.tombstone) this.#messages += sign;
  }
}

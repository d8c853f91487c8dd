import type { KV } from '@nats-io/kv';
import { topicKey } from '@tributary/contracts';
import { decodeRetained, encodeRetained, type RetainedMessage } from './retained-message.ts';
import { isNewer } from './stamp.ts';

/** Writes under way at the same time. */
const CONCURRENCY = 64;
/** Pause after a write that failed because the store is away or full, in ms. */
const RETRY_MS = 250;
/** How long the bucket remembers that a topic was removed. */
const MARKER_TTL = '1h';

/**
 * Writes retained messages to their bucket: the newest of each topic, in the background. The log cursor stays
 * behind what is not written yet.
 */
export class RetainedWriter {
  readonly #kv: KV;
  readonly #signal: AbortSignal;
  readonly #dirty = new Map<string, RetainedMessage>();
  readonly #flying = new Map<string, RetainedMessage>();

  constructor(kv: KV, signal: AbortSignal) {
    this.#kv = kv;
    this.#signal = signal;
  }

  put(message: RetainedMessage): void {
    this.#dirty.set(message.topic, message);
    this.#fly();
  }

  /** Messages not written yet. */
  get pending(): number {
    return this.#dirty.size + this.#flying.size;
  }

  /** First log sequence of a partition whose retained message is not written yet; Infinity if all are. */
  holdsFrom(partition: number): number {
    let from = Infinity;
    for (const messages of [this.#dirty, this.#flying]) {
      for (const { stamp } of messages.values()) {
        if (stamp.partition === partition) from = Math.min(from, stamp.logSequence);
      }
    }
    return from;
  }

  /** Removes a topic from the bucket unless something newer is stored there. */
  async remove(message: RetainedMessage): Promise<void> {
    const entry = await this.#kv.get(topicKey(message.topic));
    if (!entry || entry.operation !== 'PUT') return;
    if (isNewer(decodeRetained(entry.value).stamp, message.stamp)) return;
    await this.#kv.purge(topicKey(message.topic), { previousSeq: entry.revision, ttl: MARKER_TTL });
  }

  #fly(): void {
    for (const [topic, message] of this.#dirty) {
      if (this.#flying.size >= CONCURRENCY || this.#signal.aborted) return;
      // One write of a topic at a time: the next begins when this one has landed.
      if (this.#flying.has(topic)) continue;
      this.#dirty.delete(topic);
      this.#flying.set(topic, message);
      void this.#write(message).finally(() => {
        this.#flying.delete(topic);
        this.#fly();
      });
    }
  }

  async #write(message: RetainedMessage): Promise<void> {
    const key = topicKey(message.topic);
    const value = encodeRetained(message);
    while (!this.#signal.aborted) {
      try {
        const entry = await this.#kv.get(key);
        const stored = entry?.operation === 'PUT' ? decodeRetained(entry.value) : null;
        // A former owner may have written late, but never over something newer.
        if (stored && !isNewer(message.stamp, stored.stamp)) return;
        await this.#kv.put(key, value, { previousSeq: entry?.revision ?? 0 });
        return;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }
}

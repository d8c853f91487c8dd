import { TokenBucket, type TokenRate } from '@tributary/mqtt';
import type { ReadPauses } from '../device/read-pauses.ts';
import type { IngressMetrics } from '../metrics.ts';

/** Rates in a second, of which as much may come at once. 0: any. */
export interface PublishRateLimits {
  /** PUBLISHes of one client. */
  publishesPerSecond: number;
  /** Bytes of their topics, properties and payloads. */
  publishBytesPerSecond: number;
  /** Of all clients of the node together. */
  nodePublishesPerSecond: number;
  nodePublishBytesPerSecond: number;
}

export type PublishExcess =
  | 'publishes-per-second'
  | 'publish-bytes-per-second'
  | 'node-publishes-per-second'
  | 'node-publish-bytes-per-second';

/** Longest time a timer is set for, in ms: a packet may be hours of a small rate. */
const LONGEST_TIMER_MS = 60_000;

/** Holds what a node takes from its clients, and from each of them, to the rates of the settings. */
export class PublishRates {
  readonly #clientPublishes: TokenRate | null;
  readonly #clientBytes: TokenRate | null;
  readonly #nodePublishes: TokenBucket | null;
  readonly #nodeBytes: TokenBucket | null;
  readonly #metrics: IngressMetrics;

  constructor(limits: PublishRateLimits, metrics: IngressMetrics) {
    this.#clientPublishes = rateOf(limits.publishesPerSecond);
    this.#clientBytes = rateOf(limits.publishBytesPerSecond);
    this.#nodePublishes = bucketOf(rateOf(limits.nodePublishesPerSecond));
    this.#nodeBytes = bucketOf(rateOf(limits.nodePublishBytesPerSecond));
    this.#metrics = metrics;
  }

  /** For a new client; null if nothing is limited. */
  client(reading: ReadPauses): ClientRate | null {
    const publishes = bucketOf(this.#clientPublishes);
    const bytes = bucketOf(this.#clientBytes);
    const nodePublishes = this.#nodePublishes;
    const nodeBytes = this.#nodeBytes;
    if (!publishes && !bytes && !nodePublishes && !nodeBytes) return null;
    return new ClientRate({ publishes, bytes, nodePublishes, nodeBytes }, reading, this.#metrics);
  }
}

interface Buckets {
  publishes: TokenBucket | null;
  bytes: TokenBucket | null;
  nodePublishes: TokenBucket | null;
  nodeBytes: TokenBucket | null;
}

/**
 * Makes one client wait when it, or the node, takes in more than it may: its socket is not read until what it sent too much is
 * made up for. Nothing is refused or dropped, because a client that is not read stops sending.
 */
export class ClientRate {
  readonly #buckets: Buckets;
  readonly #reading: ReadPauses;
  readonly #metrics: IngressMetrics;
  #timer: NodeJS.Timeout | null = null;
  /** On the monotonic clock, in ms. */
  #until = 0;

  constructor(buckets: Buckets, reading: ReadPauses, metrics: IngressMetrics) {
    this.#buckets = buckets;
    this.#reading = reading;
    this.#metrics = metrics;
  }

  /** A PUBLISH was taken. */
  took(size: number): void {
    const { publishes, bytes, nodePublishes, nodeBytes } = this.#buckets;
    if (publishes) this.#wait(publishes.take(1), 'publishes-per-second');
    if (bytes) this.#wait(bytes.take(size), 'publish-bytes-per-second');
    if (nodePublishes) this.#wait(nodePublishes.take(1), 'node-publishes-per-second');
    if (nodeBytes) this.#wait(nodeBytes.take(size), 'node-publish-bytes-per-second');
  }

  /** The connection has ended. */
  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #wait(ms: number, limit: PublishExcess): void {
    if (ms === 0) return;
    this.#until = Math.max(this.#until, performance.now() + ms);
    if (!this.#reading.pause('rate')) return;
    this.#metrics.limited(limit);
    this.#timer = setTimeout(() => this.#look(), Math.min(ms, LONGEST_TIMER_MS));
  }

  /** More may have come behind the packet that began it: what had been read already. */
  #look(): void {
    const ms = this.#until - performance.now();
    if (ms > 0) this.#timer = setTimeout(() => this.#look(), Math.min(ms, LONGEST_TIMER_MS));
    else this.#reading.resume('rate');
  }
}

function rateOf(perSecond: number): TokenRate | null {
  return perSecond === 0 ? null : { perSecond, burst: perSecond, now: () => performance.now() };
}

function bucketOf(rate: TokenRate | null): TokenBucket | null {
  return rate && new TokenBucket(rate);
}

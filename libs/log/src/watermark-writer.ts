import type { KV } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import { subjects, watermarkKey, type Watermark, type WatermarkNotice } from '@tributary/contracts';
import { SendClock } from './send-clock.ts';

export interface WatermarkWriterOptions {
  readonly nats: NatsConnection;
  /** `buckets.watermarks` */
  readonly kv: KV;
  readonly cluster: string;
  /** Generation of the log. */
  readonly generation: number;
  /** Time between two repetitions of everything, in ms. */
  readonly repeatMs?: number;
}

/** Least time between two notices, in ms: many commits become one. */
const LINGER_MS = 2;
const REPEAT_MS = 1_000;

/**
 * Tells how far the partitions of a cluster that one process owns have come: at once by a notice that may be lost, and every
 * second by another one and in a bucket, which whoever comes later reads. Nothing is told while nobody waits for the cluster.
 */
export class WatermarkWriter implements Disposable {
  readonly #options: WatermarkWriterOptions;
  readonly #marks = new Map<number, Watermark>();
  readonly #news = new Set<number>();
  readonly #clock = new SendClock(LINGER_MS);
  readonly #timer: NodeJS.Timeout;
  #awaited = false;
  #storing = false;

  constructor(options: WatermarkWriterOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#repeat(), options.repeatMs ?? REPEAT_MS);
  }

  /** Whether acknowledgements wait for the cluster. */
  set awaited(awaited: boolean) {
    if (awaited && !this.#awaited) queueMicrotask(() => this.#repeat());
    this.#awaited = awaited;
  }

  /** The partition has come this far. What says less than what is known changes nothing. */
  passed(partition: number, mark: Watermark): void {
    const known = this.#marks.get(partition);
    if (known?.incarnation === mark.incarnation && known.sequence >= mark.sequence) return;
    this.#marks.set(partition, mark);
    this.#news.add(partition);
    if (this.#awaited) this.#clock.join(this.#notify, false);
  }

  /** The partition is another's now, who repeats what there is to say. */
  release(partition: number): void {
    const mark = this.#marks.get(partition);
    if (mark === undefined) return;
    if (this.#awaited) void this.#put(partition, mark);
    this.#marks.delete(partition);
    this.#news.delete(partition);
  }

  /** Undefined while nothing is known of the partition here. */
  sequence(partition: number): number | undefined {
    return this.#marks.get(partition)?.sequence;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#clock.stop();
  }

  readonly #notify = (): void => {
    const { nats, cluster, generation } = this.#options;
    const marks = [...this.#news].flatMap((partition) => {
      const mark = this.#marks.get(partition);
      return mark ? [{ partition, ...mark }] : [];
    });
    this.#news.clear();
    const notice: WatermarkNotice = { generation, marks };
    // A connection that is closed has nobody to tell.
    if (marks.length > 0 && !nats.isClosed())
      nats.publish(subjects.watermarks(cluster), JSON.stringify(notice));
  };

  #repeat(): void {
    if (!this.#awaited || this.#marks.size === 0) return;
    for (const partition of this.#marks.keys()) this.#news.add(partition);
    this.#notify();
    if (!this.#storing) void this.#store();
  }

  async #store(): Promise<void> {
    this.#storing = true;
    await Promise.all([...this.#marks].map(([partition, mark]) => this.#put(partition, mark)));
    this.#storing = false;
  }

  /** Not by revision: a late owner may put a lower one in its place, until the next second. Whoever reads keeps the greatest. */
  async #put(partition: number, mark: Watermark): Promise<void> {
    const { kv, cluster, generation } = this.#options;
    // What is not stored now is stored with the next repetition.
    await kv.put(watermarkKey(cluster, generation, partition), JSON.stringify(mark)).catch(() => {});
  }
}

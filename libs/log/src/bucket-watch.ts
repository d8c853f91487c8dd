import {
  AckPolicy,
  DeliverPolicy,
  type Consumer,
  type ConsumerConfig,
  type ConsumerMessages,
  type JsMsg,
} from '@nats-io/jetstream';
import type { Bucket, KvWatchEntry } from '@nats-io/kv';
import { errors, nanos } from '@nats-io/transport-node';
import { Feed } from './feed.ts';

const FETCH_MESSAGES = 256;
/** One fetch lasts this long, in ms. */
const FETCH_MS = 5_000;
/** A server that has nothing to tell says so this often, in ms; without two of these signs the consumer is lost. */
const HEARTBEAT_MS = 1_000;
const SILENCE_MS = 2 * HEARTBEAT_MS;
/** Who is gone without a word leaves its consumer to the server for this long, in ms. */
const INACTIVE_MS = 30_000;
const REOPEN_MS = 250;

/**
 * What a bucket holds, and every change, by bounded fetches of a consumer that is made anew behind what was seen
 * whenever it is odd (ADR 8). The client's own watch takes ten seconds to miss a consumer that went with its server, which
 * is longer than a lease.
 */
export class BucketWatch extends Feed<KvWatchEntry> {
  readonly #bucket: Bucket;
  readonly #keys: readonly string[];
  /** Revision of the last entry. */
  #revision = 0;
  #messages: ConsumerMessages | null = null;
  #sightMs = 0;
  #lastSignMs = performance.now();
  #aliveMs = performance.now();

  private constructor(bucket: Bucket, keys: readonly string[]) {
    super();
    this.#bucket = bucket;
    this.#keys = keys;
  }

  /**
   * @param keys patterns of the keys to follow. Errors: those of the JetStream API; later interruptions are waited out.
   * It ends when it is stopped or the connection is closed.
   */
  static async open(bucket: Bucket, keys: readonly string[]): Promise<BucketWatch> {
    const watch = new BucketWatch(bucket, keys);
    void watch.#run(await watch.#consume());
    return watch;
  }

  /**
   * A monotonic clock, in ms, that stands still while the watch is blind: whoever was not seen to change then may have
   * changed all the same.
   */
  get sightMs(): number {
    return this.#sightMs + Math.min(performance.now() - this.#lastSignMs, SILENCE_MS);
  }

  override stop(): void {
    super.stop();
    this.#messages?.stop();
  }

  async #run(first: Consumer): Promise<void> {
    let consumer: Consumer | null = first;
    while (!this.stopped) {
      try {
        consumer ??= await this.#consume();
        this.#sign();
        while (!this.stopped) await this.#fetch(consumer);
      } catch (error) {
        // Else its server is gone, or the bucket's leader: another one takes over where this one stopped.
        if (error instanceof errors.ClosedConnectionError) this.stop();
      }
      // Waits for nothing: a server that is away forgets the consumer by itself.
      consumer?.delete().catch(() => undefined);
      consumer = null;
      if (!this.stopped) await new Promise((resolve) => setTimeout(resolve, REOPEN_MS));
    }
  }

  async #consume(): Promise<Consumer> {
    const { jsm, js } = this.#bucket;
    const stream = this.#bucket.bucketName();
    const { name } = await jsm.consumers.add(stream, {
      filter_subjects: this.#keys.map((key) => this.#bucket.fullKeyName(key)),
      ...this.#beginning(),
      ack_policy: AckPolicy.None,
      inactive_threshold: nanos(INACTIVE_MS),
      mem_storage: true,
      num_replicas: 1,
    });
    return js.consumers.get(stream, name);
  }

  #beginning(): Partial<ConsumerConfig> {
    if (this.#revision === 0) return { deliver_policy: DeliverPolicy.LastPerSubject };
    return { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: this.#revision + 1 };
  }

  /** @throws if the consumer is lost. */
  async #fetch(consumer: Consumer): Promise<void> {
    const messages = await consumer.fetch({
      max_messages: FETCH_MESSAGES,
      expires: FETCH_MS,
      idle_heartbeat: HEARTBEAT_MS,
    });
    this.#messages = messages;
    if (this.stopped) messages.stop();
    void this.#observe(messages);
    // The client does not miss the signs of a server that it is not connected to.
    const silent = new Error('the consumer is silent');
    this.#aliveMs = performance.now();
    const watchdog = setInterval(() => {
      if (performance.now() - this.#aliveMs > SILENCE_MS + HEARTBEAT_MS) messages.stop(silent);
    }, HEARTBEAT_MS);
    try {
      for await (const message of messages) this.#see(message);
    } finally {
      clearInterval(watchdog);
    }
    this.#sign();
  }

  async #observe(messages: ConsumerMessages): Promise<void> {
    for await (const { type } of messages.status()) if (type === 'heartbeat') this.#sign();
  }

  #see(message: JsMsg): void {
    this.#aliveMs = performance.now();
    // A replica that is behind begins a new consumer at its own end.
    if (message.seq <= this.#revision) return;
    const known = this.#revision > 0;
    this.#revision = message.seq;
    this.push(this.#bucket.jmToWatchEntry(message, known));
    // Only what is up to date is a sign: behind a backlog there may be more about others.
    if (message.info.pending === 0) this.#sign();
  }

  #sign(): void {
    this.#sightMs = this.sightMs;
    this.#lastSignMs = this.#aliveMs = performance.now();
  }
}

import { setTimeout as sleep } from 'node:timers/promises';
import {
  KafkaDriverError,
  type ProducedRecord,
  type ProducerDriver,
  type RetryNotice,
} from '@tributary/kafka';
import { StoppedError } from '../errors.ts';
import type { ProducerMetrics } from './producer-metrics.ts';

export interface ProducerSlotOptions {
  /** Makes a driver that is not connected yet. */
  create(options: { maxBatchBytes: number; onRetry(notice: RetryNotice): void }): ProducerDriver;
  /** Ends everything at once. */
  readonly signal: AbortSignal;
  /** A process that slept for this long may have lost its lease without knowing, in ms. */
  readonly doubtMs: number;
  readonly maxBatchBytes?: number;
  readonly metrics: ProducerMetrics;
  /** Called when a driver has connected, before it sends anything. What it throws is thrown at whoever waits. */
  onConnected?(): Promise<void>;
  /** Kafka cannot be reached or does not answer; null: it does again. */
  onAway(reason: string | null): void;
}

const FIRST_BACKOFF_MS = 100;
const LONGEST_BACKOFF_MS = 5_000;
/** A send that takes longer than this is trouble worth telling, though it may still succeed. */
const SLOW_SEND_MS = 5_000;
const MAX_BATCH_BYTES = 900_000;

/**
 * A producer that lasts. A failed send ends a driver (its contract says why), so this discards it and puts a new one in
 * its place, waiting for Kafka for as long as it takes.
 */
export class ProducerSlot implements AsyncDisposable {
  readonly #options: ProducerSlotOptions;
  #driver: ProducerDriver | null = null;
  #connecting: Promise<ProducerDriver> | null = null;
  #maxBatchBytes: number;
  #failures = 0;
  #away = false;
  #sending = false;
  /** The driver does not know the present limit of a batch. */
  #outdated = false;
  #lastRetry = '';
  #awakeMs = performance.now();
  readonly #end = (): void => void this.drop();

  constructor(options: ProducerSlotOptions) {
    this.#options = options;
    this.#maxBatchBytes = options.maxBatchBytes ?? MAX_BATCH_BYTES;
    options.signal.addEventListener('abort', this.#end, { once: true });
  }

  /** Bytes at which batches are divided. */
  get maxBatchBytes(): number {
    return this.#maxBatchBytes;
  }

  /** Connects, however long it takes; returns at once if that was done before. Rejects only with StoppedError. */
  async connect(): Promise<void> {
    await this.#connected();
    await this.#awake();
    if (this.#options.signal.aborted) throw new StoppedError('the producer was stopped');
  }

  /** One try, for one caller at a time. @throws KafkaDriverError, after which the driver is gone; StoppedError. */
  async send(records: readonly ProducedRecord[]): Promise<void> {
    const { signal, metrics } = this.#options;
    const driver = await this.#connected();
    const startedMs = performance.now();
    this.#lastRetry = '';
    this.#sending = true;
    const slow = setInterval(() => {
      const seconds = Math.round((performance.now() - startedMs) / 1_000);
      this.#trouble(`a send is unanswered for ${seconds} s${this.#lastRetry && `: ${this.#lastRetry}`}`);
    }, SLOW_SEND_MS);
    try {
      await driver.send(records);
    } catch (error) {
      if (signal.aborted) throw new StoppedError('the producer was stopped', { cause: error });
      if (this.#driver === driver) {
        if (error instanceof KafkaDriverError) this.#failed(error);
        await this.drop();
      }
      throw error;
    } finally {
      clearInterval(slow);
      this.#sending = false;
    }
    this.#failures = 0;
    this.#reachable();
    metrics.sends.add();
    metrics.seconds.record((performance.now() - startedMs) / 1_000);
  }

  /** Has batches divided at this size, in bytes, where it is less than what they were before. */
  limitBatches(bytes: number): void {
    const limit = Math.max(1, Math.floor(bytes));
    if (limit >= this.#maxBatchBytes) return;
    this.#maxBatchBytes = limit;
    this.#outdated = true;
  }

  /** Ends the driver at once, and with it a send in flight; the next call makes a new one. */
  async drop(): Promise<void> {
    const driver = this.#driver;
    if (driver === null) return;
    this.#driver = null;
    this.#options.metrics.recycles.add();
    await driver.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#options.signal.removeEventListener('abort', this.#end);
    await this.drop();
  }

  async #connected(): Promise<ProducerDriver> {
    const driver = this.#driver;
    if (this.#connecting === null && driver?.usable) {
      if (this.#sending || !(driver.recycleDue || this.#outdated)) return driver;
    }
    this.#connecting ??= this.#connect().finally(() => (this.#connecting = null));
    return this.#connecting;
  }

  async #connect(): Promise<ProducerDriver> {
    const { create, onConnected, signal } = this.#options;
    for (;;) {
      await this.drop();
      if (signal.aborted) throw new StoppedError('the producer was stopped');
      if (this.#failures > 0) await this.#pause();
      this.#outdated = false;
      const driver = create({
        maxBatchBytes: this.#maxBatchBytes,
        onRetry: ({ code, reason }) => {
          this.#lastRetry = reason;
          this.#options.metrics.retried(code ?? 'inside-driver');
        },
      });
      this.#driver = driver;
      try {
        await driver.connect();
        if (signal.aborted) continue;
        await onConnected?.();
        // Whether it also stores is for the next send to say.
        this.#reachable();
        return driver;
      } catch (error) {
        if (!(error instanceof KafkaDriverError)) throw error;
        if (signal.aborted) continue;
        this.#trouble(error.message);
        this.#failures++;
      }
    }
  }

  /**
   * Timers run after input in a turn of the event loop: a process that was frozen would send once more before it
   * notices that its lease has run out meanwhile. It lets the timers speak first.
   */
  async #awake(): Promise<void> {
    if (performance.now() - this.#awakeMs > this.#options.doubtMs) await sleep(1);
    this.#awakeMs = performance.now();
  }

  #failed(error: KafkaDriverError): void {
    this.#options.metrics.retried(error.code);
    // A record or a topic at fault says nothing against Kafka: no reason to wait before the next try.
    if (error.recordFault || error.topicFault) return;
    this.#failures++;
    this.#trouble(error.message);
  }

  #trouble(reason: string): void {
    this.#away = true;
    this.#options.onAway(reason);
  }

  #reachable(): void {
    if (!this.#away) return;
    this.#away = false;
    this.#options.onAway(null);
  }

  async #pause(): Promise<void> {
    const longest = Math.min(FIRST_BACKOFF_MS * 2 ** Math.min(this.#failures - 1, 6), LONGEST_BACKOFF_MS);
    try {
      await sleep(longest * (0.75 + Math.random() / 4), undefined, { signal: this.#options.signal });
    } catch (cause) {
      throw new StoppedError('the producer was stopped', { cause });
    }
  }
}

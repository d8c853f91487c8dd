import { setTimeout as sleep } from 'node:timers/promises';
import {
  KafkaDriverError,
  type ProducedRecord,
  type ProducerDriver,
  type RetryNotice,
} from '@tributary/kafka';
import { StoppedError } from '../errors.ts';

export interface ProducerSlotOptions {
  /** Makes a driver that is not connected yet. */
  create(options: { maxBatchBytes: number; onRetry(notice: RetryNotice): void }): ProducerDriver;
  /** Ends everything at once. */
  readonly signal: AbortSignal;
  /** Kafka cannot be reached or does not answer; null: it does again. */
  onAway(reason: string | null): void;
  onRetry(code: string): void;
  onDiscard(): void;
  onSent(durationMs: number): void;
}

const FIRST_BACKOFF_MS = 100;
const LONGEST_BACKOFF_MS = 5_000;
/** A send that takes longer than this is trouble worth telling, though it may still succeed. */
const SLOW_SEND_MS = 5_000;
const MAX_BATCH_BYTES = 900_000;

/**
 * The producer of one partition. A failed send ends a driver (its contract says why), so this discards it and puts
 * a new one in its place, waiting for Kafka for as long as it takes.
 */
export class ProducerSlot implements AsyncDisposable {
  readonly #options: ProducerSlotOptions;
  #driver: ProducerDriver | null = null;
  #maxBatchBytes = MAX_BATCH_BYTES;
  #failures = 0;
  #away = false;
  #lastRetry = '';

  constructor(options: ProducerSlotOptions) {
    this.#options = options;
    options.signal.addEventListener('abort', () => void this.#discard(), { once: true });
  }

  /** Connects, however long it takes; returns at once if that was done before. Rejects only with StoppedError. */
  async connect(): Promise<ProducerDriver> {
    const { create, signal, onAway } = this.#options;
    for (;;) {
      if (signal.aborted) throw new StoppedError('the producer was stopped');
      if (this.#driver?.usable && !this.#driver.recycleDue) return this.#driver;
      await this.#discard();
      if (this.#failures > 0) await this.#pause();
      const driver = create({
        maxBatchBytes: this.#maxBatchBytes,
        onRetry: ({ code, reason }) => {
          this.#lastRetry = reason;
          this.#options.onRetry(code ?? 'inside-driver');
        },
      });
      this.#driver = driver;
      try {
        await driver.connect();
        if (signal.aborted) continue;
        if (!this.#away) return driver;
        // Reachable again; whether it also stores is for the next send to say.
        this.#away = false;
        onAway(null);
        return driver;
      } catch (error) {
        if (!(error instanceof KafkaDriverError)) throw error;
        this.#trouble(error.message);
        this.#failures++;
      }
    }
  }

  /** One try. @throws KafkaDriverError, after which the driver is gone; StoppedError. */
  async send(records: readonly ProducedRecord[]): Promise<void> {
    const driver = await this.connect();
    const startedMs = performance.now();
    this.#lastRetry = '';
    const slow = setInterval(() => {
      const seconds = Math.round((performance.now() - startedMs) / 1_000);
      this.#trouble(`a send is unanswered for ${seconds} s${this.#lastRetry && `: ${this.#lastRetry}`}`);
    }, SLOW_SEND_MS);
    try {
      await driver.send(records);
    } catch (error) {
      if (this.#options.signal.aborted) throw new StoppedError('the producer was stopped', { cause: error });
      if (error instanceof KafkaDriverError) this.#failed(error);
      await this.#discard();
      throw error;
    } finally {
      clearInterval(slow);
    }
    this.#failures = 0;
    if (this.#away) {
      this.#away = false;
      this.#options.onAway(null);
    }
    this.#options.onSent(performance.now() - startedMs);
  }

  /** Has later drivers divide batches at this size, in bytes, where it is less than what they did before. */
  limitBatches(bytes: number): void {
    this.#maxBatchBytes = Math.max(1, Math.min(this.#maxBatchBytes, Math.floor(bytes)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#discard();
  }

  #failed(error: KafkaDriverError): void {
    this.#options.onRetry(error.code);
    // A record or a topic at fault says nothing against Kafka: no reason to wait before the next try.
    if (error.recordFault || error.topicFault) return;
    this.#failures++;
    this.#trouble(error.message);
  }

  #trouble(reason: string): void {
    this.#away = true;
    this.#options.onAway(reason);
  }

  async #pause(): Promise<void> {
    const longest = Math.min(FIRST_BACKOFF_MS * 2 ** Math.min(this.#failures - 1, 6), LONGEST_BACKOFF_MS);
    try {
      await sleep(longest * (0.75 + Math.random() / 4), undefined, { signal: this.#options.signal });
    } catch (cause) {
      throw new StoppedError('the producer was stopped', { cause });
    }
  }

  async #discard(): Promise<void> {
    const driver = this.#driver;
    if (driver === null) return;
    this.#driver = null;
    this.#options.onDiscard();
    await driver.close();
  }
}

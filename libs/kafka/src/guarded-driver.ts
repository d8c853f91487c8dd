import { defaults, type DriverOptions } from './driver-options.ts';
import { KafkaDriverError, KafkaErrorCode } from './errors.ts';
import { planRounds, type PartitionBatch, type RoundLimits } from './partition-batch.ts';
import type { ProducedRecord } from './produced-record.ts';
import type { OffsetRange, ProducerDriver, ProducerDriverName, SendResult } from './producer-driver.ts';
import type { ProducerTransport } from './producer-transport.ts';

const SEQUENCE_LIMIT = 2 ** 31 - 1;
const RECYCLE_AT = 2 ** 30;

type State = 'new' | 'connecting' | 'ready' | 'sending' | 'failed' | 'closed';

/** Keeps the contract of `ProducerDriver` round a transport. */
export class GuardedDriver implements ProducerDriver {
  readonly name: ProducerDriverName;
  readonly #transport: ProducerTransport;
  readonly #limits: RoundLimits;
  readonly #connectTimeoutMs: number;
  readonly #deliveryTimeoutMs: number;
  #state: State = 'new';
  /** Counted over all partitions: never less than the highest sequence number of one. */
  #records = 0;
  /** Ends the operation that runs. */
  #cutOff: ((error: KafkaDriverError) => void) | undefined;

  constructor(transport: ProducerTransport, options: DriverOptions) {
    this.name = transport.name;
    this.#transport = transport;
    this.#connectTimeoutMs = options.requestTimeoutMs ?? defaults.requestTimeoutMs;
    this.#deliveryTimeoutMs = options.deliveryTimeoutMs ?? defaults.deliveryTimeoutMs;
    this.#limits = {
      maxBatchBytes: options.maxBatchBytes ?? defaults.maxBatchBytes,
      maxRequestBytes: options.maxRequestBytes ?? defaults.maxRequestBytes,
    };
  }

  get recycleDue(): boolean {
    return this.#records >= RECYCLE_AT;
  }

  get usable(): boolean {
    return this.#state === 'ready' || this.#state === 'sending';
  }

  async connect(): Promise<void> {
    if (this.#state !== 'new') throw this.#refusal();
    this.#state = 'connecting';
    try {
      await this.#within(this.#connectTimeoutMs, KafkaErrorCode.connection, () => this.#transport.open());
      this.#settle('connecting');
    } catch (cause) {
      this.#fail();
      throw withStored(cause, []);
    }
  }

  async send(records: readonly ProducedRecord[]): Promise<SendResult> {
    if (this.#state !== 'ready') throw this.#refusal();
    if (this.#records + records.length > SEQUENCE_LIMIT) {
      throw new KafkaDriverError('The driver is near the end of its sequence numbers', {
        code: KafkaErrorCode.sequenceExhausted,
        retryable: true,
      });
    }
    const rounds = planRounds(records, this.#limits);
    const stored: OffsetRange[] = [];
    const { transaction } = this.#transport;
    this.#state = 'sending';
    try {
      for (const { batches } of rounds) {
        const ranges = await this.#deliver(() => this.#transport.produce(batches));
        checkComplete(batches, ranges);
        stored.push(...ranges);
      }
      if (transaction !== null) await this.#deliver(() => transaction.commit());
      this.#records += records.length;
      this.#settle('sending');
      return { ranges: stored };
    } catch (cause) {
      if (transaction !== null && isFault(cause)) await this.#abort(transaction);
      this.#fail();
      throw transaction === null ? withStored(cause, stored) : withoutStored(cause);
    }
  }

  async close(): Promise<void> {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#cutOff?.(this.#refusal());
    this.#transport.sever();
    await this.#transport.dispose();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #deliver<T>(operation: () => Promise<T>): Promise<T> {
    return this.#within(this.#deliveryTimeoutMs, KafkaErrorCode.deliveryTimeout, operation);
  }

  /** A transaction that stays open holds up whoever reads its partitions. If this fails, the next driver's connect aborts it. */
  async #abort(transaction: NonNullable<ProducerTransport['transaction']>): Promise<void> {
    const aborting = this.#within(this.#connectTimeoutMs, KafkaErrorCode.requestTimeout, () =>
      transaction.abort(),
    );
    await aborting.catch(() => {});
  }

  /** Runs an operation that a deadline or close() cuts off. */
  async #within<T>(ms: number, code: string, operation: () => Promise<T>): Promise<T> {
    const ended = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      const error = new KafkaDriverError(`Not done within ${ms} ms`, { code, retryable: true });
      this.#cutOff?.(error);
    }, ms);
    this.#cutOff = (error) => {
      // First the reason, then what makes the operation itself fail.
      ended.reject(error);
      this.#transport.sever();
    };
    const running = operation();
    // It settles some time after it was cut off; nobody waits for it then.
    running.catch(() => {});
    try {
      return await Promise.race([running, ended.promise]);
    } finally {
      clearTimeout(timer);
      this.#cutOff = undefined;
    }
  }

  #settle(from: State): void {
    if (this.#state !== from) throw this.#refusal();
    this.#state = 'ready';
  }

  #fail(): void {
    this.#transport.sever();
    if (this.#state !== 'closed') this.#state = 'failed';
  }

  #refusal(): KafkaDriverError {
    switch (this.#state) {
      case 'sending':
        return new KafkaDriverError('A send is in flight', { code: KafkaErrorCode.sendInFlight });
      case 'failed':
        return new KafkaDriverError('The driver failed before and must be replaced', {
          code: KafkaErrorCode.driverFailed,
          retryable: true,
        });
      case 'ready':
        return new KafkaDriverError('The driver is connected', { code: KafkaErrorCode.client });
      default:
        return new KafkaDriverError('The driver is not open', {
          code: KafkaErrorCode.driverClosed,
          retryable: true,
        });
    }
  }
}

/** Rule 3: the ranges cover each batch, record for record. */
function checkComplete(batches: readonly PartitionBatch[], ranges: readonly OffsetRange[]): void {
  for (const { topic, partition, records } of batches) {
    let covered = 0n;
    for (const range of ranges) {
      if (range.topic !== topic || range.partition !== partition || range.firstOffset < 0n) continue;
      covered += range.lastOffset - range.firstOffset + 1n;
    }
    if (covered === BigInt(records.length)) continue;
    throw new KafkaDriverError(
      `The answer has offsets for ${covered} of ${records.length} records for ${topic}/${partition}`,
      { code: KafkaErrorCode.offsetMissing, retryable: true, topic, partition, stored: ranges },
    );
  }
}

function isFault(cause: unknown): boolean {
  return cause instanceof KafkaDriverError && (cause.recordFault || cause.topicFault);
}

/** What a transaction that was not committed has stored will never be seen. */
function withoutStored(cause: unknown): KafkaDriverError {
  const error = withStored(cause, []);
  return new KafkaDriverError(error.message, { ...error, stored: [], cause: error.cause });
}

/** A failure as this package's error, with what earlier rounds stored. */
function withStored(cause: unknown, before: readonly OffsetRange[]): KafkaDriverError {
  if (!(cause instanceof KafkaDriverError)) {
    const text = cause instanceof Error ? cause.message : String(cause);
    return new KafkaDriverError(`Kafka client: ${text}`, {
      code: KafkaErrorCode.client,
      stored: before,
      cause,
    });
  }
  if (before.length === 0) return cause;
  return new KafkaDriverError(cause.message, {
    ...cause,
    stored: [...before, ...cause.stored],
    cause: cause.cause,
  });
}

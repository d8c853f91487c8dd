import { randomBytes } from 'node:crypto';
import { PubHeaders } from '@nats-io/jetstream';
import {
  DUPLICATE_WINDOW_MS,
  ENVELOPE_MAX_BYTES,
  ENVELOPE_TARGET_BYTES,
  EnvelopeWriter,
  subjects,
  type LogShape,
  type RowInput,
} from '@tributary/contracts';
import { LogError } from './errors.ts';
import type { Publisher } from './publisher.ts';
import { SendClock } from './send-clock.ts';

/** How long one attempt waits for its answer. */
const PUBLISH_MS = 3_000;

/** Somebody who wants to know what became of a row. Called exactly once, never synchronously from `append`. */
export interface AppendWaiter {
  /** The row is in the log: `sequence` of its envelope, `row` within it. */
  stored(sequence: number, row: number): void;
  /** It is not known to be in the log, and will not be tried again. */
  failed(error: LogError): void;
}

export interface AppenderOptions extends LogShape {
  /** Least time between two rounds of envelopes, in ms. An idle node never waits. */
  lingerMs?: number;
  /** Above this many unsent or unconfirmed bytes a partition asks its writers to pause. */
  highWaterBytes?: number;
  /** As the log is declared, in ms. */
  duplicateWindowMs?: number;
  /** How long one envelope is retried, in ms; must stay below half the duplicate window. */
  giveUpMs?: number;
  /** An envelope is stored; `ms` after it was sent first. */
  onEnvelope?(partition: number, rows: number, bytes: number, ms: number): void;
  onRetry?(partition: number, error: unknown): void;
  /** An envelope was given up, and with it all that waited behind it. */
  onGiveUp?(partition: number, error: LogError): void;
}

/**
 * Appends rows to the log by group commit: at most one envelope of a partition is in flight, and what arrives
 * meanwhile forms the next. The same envelope is sent with the same message id until JetStream has confirmed
 * it, so a lost answer never stores it twice.
 */
export class LogAppender {
  readonly #partitions: PartitionAppender[];
  readonly #clock: SendClock;

  constructor(publisher: Pick<Publisher, 'publish'>, options: AppenderOptions) {
    const windowMs = options.duplicateWindowMs ?? DUPLICATE_WINDOW_MS;
    const giveUpMs = options.giveUpMs ?? (windowMs * 5) / 12;
    if (giveUpMs >= windowMs / 2) {
      throw new RangeError('giveUpMs must be below half the duplicate window');
    }
    const timing = {
      highWaterBytes: options.highWaterBytes ?? 4 * 1024 * 1024,
      giveUpMs,
      onEnvelope: options.onEnvelope ?? ignore,
      onRetry: options.onRetry ?? ignore,
      onGiveUp: options.onGiveUp ?? ignore,
    };
    const clock = new SendClock(options.lingerMs ?? 4);
    this.#partitions = Array.from(
      { length: options.partitions },
      (_, p) => new PartitionAppender(publisher, subjects.log(options.generation, p), p, timing, clock),
    );
    this.#clock = clock;
  }

  /**
   * Takes a row for `partition`. Its bytes are copied before this returns.
   * @returns false if the partition is above its high-water mark: stop reading from whoever sends, and go on
   * when `whenWritable` calls back.
   */
  append(partition: number, row: RowInput, waiter: AppendWaiter | null): boolean {
    return this.#partition(partition).append(row, waiter);
  }

  writable(partition: number): boolean {
    return this.#partition(partition).writable;
  }

  /** Calls `resume` once, as soon as the partition has room again. */
  whenWritable(partition: number, resume: () => void): void {
    this.#partition(partition).whenWritable(resume);
  }

  /** Bytes that are not confirmed yet, over all partitions. */
  get pendingBytes(): number {
    return this.#partitions.reduce((sum, partition) => sum + partition.pendingBytes, 0);
  }

  /** Resolves when everything appended so far is stored or has failed. */
  async flush(): Promise<void> {
    await Promise.all(this.#partitions.map((partition) => partition.flush()));
  }

  /** Fails everything unconfirmed with 'closed' and takes nothing more. */
  close(): void {
    this.#clock.stop();
    for (const partition of this.#partitions) partition.close();
  }

  #partition(index: number): PartitionAppender {
    const partition = this.#partitions[index];
    if (!partition) throw new RangeError(`partition ${index} of ${this.#partitions.length}`);
    return partition;
  }
}

function ignore(): void {}

/** About what a row takes; names are short but for the topic. Properties may be as large as a payload. */
function rowBytes({ topic, properties, payload }: RowInput): number {
  return topic.length + properties.length + payload.length;
}

type Timing = Required<
  Pick<AppenderOptions, 'highWaterBytes' | 'giveUpMs' | 'onEnvelope' | 'onRetry' | 'onGiveUp'>
>;

interface SealedEnvelope {
  frame: Buffer;
  waiters: (AppendWaiter | null)[];
}

class PartitionAppender {
  readonly #publisher: Pick<Publisher, 'publish'>;
  readonly #subject: string;
  readonly #partition: number;
  readonly #timing: Timing;
  /** Prefix of message ids; random, so that a restarted node never repeats one. */
  readonly #idPrefix = randomBytes(9).toString('base64url');
  readonly #writer = new EnvelopeWriter();
  #waiters: (AppendWaiter | null)[] = [];
  #sealed: SealedEnvelope[] = [];
  #sealedBytes = 0;
  #flying: SealedEnvelope | null = null;
  #envelopes = 0;
  #lastSentAt = -Infinity;
  readonly #clock: SendClock;
  #closed = false;
  #resume: (() => void)[] = [];

  constructor(
    publisher: Pick<Publisher, 'publish'>,
    subject: string,
    partition: number,
    timing: Timing,
    clock: SendClock,
  ) {
    this.#publisher = publisher;
    this.#subject = subject;
    this.#partition = partition;
    this.#timing = timing;
    this.#clock = clock;
  }

  get pendingBytes(): number {
    const unsent = this.#writer.rows > 0 ? this.#writer.bytes : 0;
    return unsent + this.#sealedBytes + (this.#flying?.frame.length ?? 0);
  }

  get writable(): boolean {
    return this.pendingBytes < this.#timing.highWaterBytes;
  }

  append(row: RowInput, waiter: AppendWaiter | null): boolean {
    if (this.#closed) {
      const error = new LogError('closed', 'the log is closed for appends');
      queueMicrotask(() => waiter?.failed(error));
      return false;
    }
    if (this.#writer.rows > 0 && this.#writer.bytes + rowBytes(row) > ENVELOPE_MAX_BYTES) this.#seal();
    this.#writer.append(row);
    this.#waiters.push(waiter);
    if (!this.#flying) this.#schedule();
    return this.writable;
  }

  whenWritable(resume: () => void): void {
    if (this.writable) queueMicrotask(resume);
    else this.#resume.push(resume);
  }

  /** Whoever waits for the last row there is now hears of it last. */
  flush(): Promise<void> {
    const waiters =
      this.#writer.rows > 0 ? this.#waiters : (this.#sealed.at(-1)?.waiters ?? this.#flying?.waiters);
    const last = waiters?.pop();
    if (waiters === undefined || last === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      waiters.push({
        stored: (sequence, row) => {
          last?.stored(sequence, row);
          resolve();
        },
        failed: (error) => {
          last?.failed(error);
          resolve();
        },
      });
    });
  }

  close(): void {
    this.#closed = true;
    this.#failPending(new LogError('closed', 'the node closed before the log confirmed'));
  }

  #schedule(): void {
    this.#clock.join(this.#sendNext, this.#sealed.length > 0 || this.#writer.bytes >= ENVELOPE_TARGET_BYTES);
  }

  #seal(): void {
    const frame = this.#writer.finish();
    this.#sealed.push({ frame, waiters: this.#waiters });
    this.#sealedBytes += frame.length;
    this.#waiters = [];
  }

  readonly #sendNext = (): void => {
    if (this.#flying || this.#closed) return;
    if (this.#sealed.length === 0 && this.#writer.rows > 0) this.#seal();
    const envelope = this.#sealed.shift();
    if (!envelope) return;
    this.#sealedBytes -= envelope.frame.length;
    this.#flying = envelope;
    this.#lastSentAt = performance.now();
    void this.#store(envelope);
  };

  async #store(envelope: SealedEnvelope): Promise<void> {
    const msgID = `${this.#idPrefix}.${++this.#envelopes}`;
    const deadline = performance.now() + this.#timing.giveUpMs;
    let sequence: number;
    try {
      sequence = await this.#publishUntilStored(envelope.frame, msgID, deadline);
    } catch (cause) {
      this.#flying = null;
      const error = new LogError('not-stored', 'the log did not confirm in time', { cause });
      this.#timing.onGiveUp(this.#partition, error);
      for (const waiter of envelope.waiters) waiter?.failed(error);
      // What came after it from the same clients must not overtake it when they send it again.
      this.#failPending(error);
      this.#afterSend();
      return;
    }
    this.#flying = null;
    const ms = performance.now() - this.#lastSentAt;
    this.#timing.onEnvelope(this.#partition, envelope.waiters.length, envelope.frame.length, ms);
    envelope.waiters.forEach((waiter, row) => waiter?.stored(sequence, row));
    this.#afterSend();
  }

  async #publishUntilStored(frame: Buffer, msgID: string, deadline: number): Promise<number> {
    const headers = [[PubHeaders.MsgIdHdr, msgID]] as const;
    for (let attempt = 0; ; attempt++) {
      try {
        const { seq } = await this.#publisher.publish(this.#subject, frame, headers, PUBLISH_MS);
        return seq;
      } catch (error) {
        this.#timing.onRetry(this.#partition, error);
        if (this.#closed || performance.now() >= deadline) throw error;
      }
      const pause = Math.min(
        20 * 2 ** Math.min(attempt, 6),
        1_000,
        Math.max(deadline - performance.now(), 0),
      );
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  #afterSend(): void {
    if (this.#sealed.length > 0 || this.#writer.rows > 0) this.#schedule();
    if (this.#resume.length > 0 && this.writable) {
      const resume = this.#resume;
      this.#resume = [];
      for (const go of resume) go();
    }
  }

  #failPending(error: LogError): void {
    if (this.#writer.rows > 0) this.#seal();
    const pending = this.#sealed;
    this.#sealed = [];
    this.#sealedBytes = 0;
    for (const { waiters } of pending) for (const waiter of waiters) waiter?.failed(error);
  }
}

import { OUT_PART_BYTES } from '@tributary/contracts';
import { LogError, type SendClock, type StreamMessage, type StreamReader } from '@tributary/log';
import type { Blockage, ClusterPlan, EnvelopeMapper } from '../batch/envelope-mapper.ts';
import type { BatchWriter } from './batch-writer.ts';
import type { PartitionMetrics } from './partition-metrics.ts';

export interface BatchStreamOptions {
  readonly reader: StreamReader;
  readonly writer: BatchWriter;
  readonly mapper: EnvelopeMapper;
  readonly metrics: PartitionMetrics;
  /** Says when batches leave; common to all partitions. */
  readonly clock: SendClock;
  /** Everything up to this log sequence is in OUT. */
  readonly covered: number;
  /** Aborted when the work must end; the reader ends with it. */
  readonly signal: AbortSignal;
  /** The plan in effect; waits until there is one. Null once the signal is aborted. */
  plan(): ClusterPlan | null | Promise<ClusterPlan | null>;
  /** Resolves when another plan is in effect, or the signal is aborted. */
  blocked(blockage: Blockage, plan: ClusterPlan): Promise<void>;
  /** Called once if writing has failed: `signal` must be aborted then. */
  onFailure(): void;
}

const TAKE_BYTES = 256 * 1024;
/** A batch this large is not added to any more. Below a part's size, so that most batches are one part. */
const BATCH_BYTES = (OUT_PART_BYTES * 3) / 4;
/** Progress without records is told this often, in ms, and not more often unless acknowledgements wait for it. */
const PROGRESS_MS = 1_000;

/**
 * Log in, OUT out. While one batch is being written, all that arrives is mapped into the next, up to its bound; it
 * leaves as soon as the one before is stored.
 */
export class BatchStream {
  readonly #options: BatchStreamOptions;
  #open: { readonly from: number; readonly mapping: number; sequence: number } | null = null;
  #flying: Promise<void> | null = null;
  #failure: Error | null = null;
  #ended = false;
  #mappedTo: number;
  #covered: number;
  #writtenAtMs = -Infinity;

  constructor(options: BatchStreamOptions) {
    this.#options = options;
    this.#mappedTo = options.covered;
    this.#covered = options.covered;
  }

  /** Everything up to this log sequence is in OUT. */
  get covered(): number {
    return this.#covered;
  }

  /** Runs until the signal aborts. @throws what reading or writing throws */
  async run(): Promise<void> {
    const { reader, signal } = this.#options;
    try {
      while (!signal.aborted) {
        const messages = await reader.take(TAKE_BYTES, this.#waitMs());
        for (const message of messages) await this.#add(message);
        this.#pump();
      }
    } catch (error) {
      // What was read before the reader ended is in no log any more if the log has a gap behind it.
      await this.#send();
      throw error;
    } finally {
      this.#ended = true;
      // What is on its way may yet be stored, and then counts.
      await this.#flying;
    }
    if (this.#failure !== null) throw this.#failure;
  }

  /**
   * Has something else written to OUT between two batches, even while a message of the log holds the partition up.
   * @param write is given the log sequence that OUT covers
   * @throws LogError 'closed', or what `write` throws, which ends this stream too
   */
  async insert<T>(write: (covered: number) => Promise<T>): Promise<T> {
    while (this.#flying) await this.#flying;
    if (this.#ended || this.#options.signal.aborted)
      throw new LogError('closed', 'OUT is no longer written here');
    const writing = write(this.#covered);
    this.#flying = writing.then(
      () => {
        this.#flying = null;
        this.#pump();
      },
      (error: unknown) => this.#failed(error),
    );
    return await writing;
  }

  async #add(message: StreamMessage): Promise<void> {
    const { mapper, signal, plan: findPlan, blocked } = this.#options;
    while (!signal.aborted) {
      const found = findPlan();
      const plan = found instanceof Promise ? await found : found;
      if (plan === null) return;
      // Another mapping version takes effect between two batches.
      if (this.#open && (this.#open.mapping !== plan.version || mapper.bytes >= BATCH_BYTES))
        await this.#send();
      if (signal.aborted) return;
      const blockage = mapper.map(message, plan);
      if (blockage === null) {
        this.#open ??= { from: this.#mappedTo + 1, mapping: plan.version, sequence: 0 };
        this.#open.sequence = message.sequence;
        this.#mappedTo = message.sequence;
        return;
      }
      if (this.#open) await this.#send();
      await blocked(blockage, plan);
    }
  }

  /** Resolves when the open batch is on its way: the one before it is stored then. */
  async #send(): Promise<void> {
    while (this.#open && this.#flying) await this.#flying;
    this.#launch();
  }

  #pump(): void {
    const { clock, mapper, signal } = this.#options;
    if (this.#flying || !this.#open || signal.aborted) return;
    if (mapper.isEmpty && !mapper.awaited && this.#progressDueMs() > 0) return;
    clock.join(this.#board, mapper.bytes >= BATCH_BYTES);
  }

  readonly #board = (): void => {
    if (!this.#flying && !this.#ended) this.#launch();
  };

  #launch(): void {
    const open = this.#open;
    if (!open || this.#options.signal.aborted) return;
    const { mapper, metrics, writer } = this.#options;
    const batch = { ...open, parts: mapper.finish() };
    metrics.mapped(mapper.counts);
    this.#open = null;
    this.#writtenAtMs = performance.now();
    this.#flying = writer.write(batch).then(
      () => {
        this.#flying = null;
        this.#covered = batch.sequence;
        this.#pump();
      },
      (error: unknown) => this.#failed(error),
    );
  }

  #failed(error: unknown): void {
    this.#flying = null;
    this.#failure = error instanceof Error ? error : new Error('OUT could not be written', { cause: error });
    this.#options.onFailure();
  }

  /** How long to wait for messages: a batch without records leaves in time all the same. */
  #waitMs(): number {
    return this.#open && !this.#flying ? Math.max(this.#progressDueMs(), 1) : PROGRESS_MS;
  }

  #progressDueMs(): number {
    return this.#writtenAtMs + PROGRESS_MS - performance.now();
  }
}

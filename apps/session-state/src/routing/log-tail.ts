import type { JetStreamManager } from '@nats-io/jetstream';
import type { LogTopology } from '@tributary/log';
import type { Progress } from './progress.ts';

/**
 * Lets a SUBSCRIBE be answered with what the log held when it arrived. All who ask while a look at the log's
 * end is under way share the next one.
 */
export class LogTail {
  readonly #manager: JetStreamManager;
  readonly #log: LogTopology;
  readonly #progress: Progress;
  #current: Promise<number[]> | null = null;
  #next: Promise<number[]> | null = null;

  constructor(manager: JetStreamManager, log: LogTopology, progress: Progress) {
    this.#manager = manager;
    this.#log = log;
    this.#progress = progress;
  }

  /**
   * Resolves true once all that was in the log when it was called has been routed, false if that takes longer
   * than `timeoutMs`.
   */
  async caughtUp(timeoutMs: number): Promise<boolean> {
    const deadline = new Promise<false>((resolve) => setTimeout(() => resolve(false), timeoutMs).unref());
    const routed = this.#end().then(async (ends) => {
      await Promise.all(ends.map((sequence, partition) => this.#progress.reached(partition, sequence)));
      return true;
    });
    return Promise.race([routed, deadline]);
  }

  /** Ends of all partitions, looked at after this call. */
  #end(): Promise<number[]> {
    if (this.#current === null) return (this.#current = this.#look());
    this.#next ??= this.#current
      .catch(() => {})
      .then(() => {
        this.#next = null;
        return (this.#current = this.#look());
      });
    return this.#next;
  }

  async #look(): Promise<number[]> {
    try {
      const infos = await Promise.all(this.#log.streams.map(({ name }) => this.#manager.streams.info(name)));
      return infos.map(({ state }) => state.last_seq);
    } finally {
      this.#current = null;
    }
  }
}

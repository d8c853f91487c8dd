import type { KafkaDriverError } from '../errors.ts';
import type { PartitionBatch } from '../partition-batch.ts';
import type { Leaders } from '../wire/leaders.ts';

/** The topics are looked at this often while a send to them hangs. */
const EVERY_MS = 1_500;

/**
 * Looks after the topics of a send that takes long. `fault` rejects when, twice in a row, one of them turns out to be at
 * fault; it never resolves.
 */
export class TopicWatch implements Disposable {
  readonly fault: Promise<never>;
  readonly #reject: (error: KafkaDriverError) => void;
  readonly #leaders: Leaders;
  readonly #batches: readonly PartitionBatch[];
  #timer: NodeJS.Timeout;
  #over = false;
  #faults = 0;

  constructor(leaders: Leaders, batches: readonly PartitionBatch[]) {
    const { promise, reject } = Promise.withResolvers<never>();
    this.fault = promise;
    this.#reject = reject;
    this.#leaders = leaders;
    this.#batches = batches;
    this.#timer = this.#schedule();
  }

  [Symbol.dispose](): void {
    this.#over = true;
    clearTimeout(this.#timer);
  }

  #schedule(): NodeJS.Timeout {
    return setTimeout(() => void this.#look(), EVERY_MS);
  }

  async #look(): Promise<void> {
    const fault = await this.#find();
    if (this.#over) return;
    this.#faults = fault === undefined ? 0 : this.#faults + 1;
    if (fault !== undefined && this.#faults >= 2) this.#reject(fault);
    else this.#timer = this.#schedule();
  }

  async #find(): Promise<KafkaDriverError | undefined> {
    try {
      await this.#leaders.refresh(new Set(this.#batches.map(({ topic }) => topic)));
    } catch {
      // Not to reach a broker is what the send is waiting out.
      return undefined;
    }
    for (const { topic, partition } of this.#batches) {
      const leadership = this.#leaders.of(topic, partition);
      if ('error' in leadership && leadership.error.topicFault) return leadership.error;
    }
    return undefined;
  }
}

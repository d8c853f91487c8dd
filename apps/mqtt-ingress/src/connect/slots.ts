import { IngressError } from '../errors.ts';

interface Waiter {
  start(): void;
}

/** Bounds how many pieces of work run at once, and how many wait; first come, first served. */
export class Slots {
  readonly #limit: number;
  readonly #maxWaiting: number;
  readonly #waiting = new Set<Waiter>();
  #running = 0;

  constructor(limit: number, maxWaiting: number) {
    this.#limit = limit;
    this.#maxWaiting = maxWaiting;
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * Runs `work` when there is a slot for it.
   * @param signal ends the waiting. Null: it ends by itself. One signal for many would cost more with every waiter,
   * because a signal looks through its listeners for each new one.
   * @throws IngressError 'busy' if too many wait already; the signal's reason if it aborts before the turn comes.
   */
  async use<T>(signal: AbortSignal | null, work: () => Promise<T>): Promise<T> {
    signal?.throwIfAborted();
    if (this.#running < this.#limit) this.#running++;
    else await this.#turn(signal);
    try {
      return await work();
    } finally {
      this.#handOver();
    }
  }

  #turn(signal: AbortSignal | null): Promise<void> {
    if (this.#waiting.size >= this.#maxWaiting) {
      throw new IngressError('busy', `${this.#waiting.size} wait already`);
    }
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        start: () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      const onAbort = (): void => {
        this.#waiting.delete(waiter);
        reject(signal?.reason as Error);
      };
      this.#waiting.add(waiter);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** The slot goes straight to who waits longest, so nobody can slip in between. */
  #handOver(): void {
    const [waiter] = this.#waiting;
    if (waiter === undefined) {
      this.#running--;
      return;
    }
    this.#waiting.delete(waiter);
    waiter.start();
  }
}

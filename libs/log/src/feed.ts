import type { QueuedIterator } from '@nats-io/transport-node';

/** What is pushed, in order, for the one who iterates over it. Stopping ends it behind what was pushed. */
export class Feed<T> implements QueuedIterator<T> {
  readonly #items: T[] = [];
  #received = 0;
  #wake: (() => void) | null = null;
  #stopped = false;

  get stopped(): boolean {
    return this.#stopped;
  }

  push(item: T): void {
    if (this.#stopped) return;
    this.#received++;
    this.#items.push(item);
    this.#wake?.();
  }

  stop(): void {
    this.#stopped = true;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    for (;;) {
      for (let item = this.#items.shift(); item !== undefined; item = this.#items.shift()) yield item;
      if (this.#stopped) return;
      await new Promise<void>((resolve) => (this.#wake = resolve));
      this.#wake = null;
    }
  }

  getReceived(): number {
    return this.#received;
  }

  getPending(): number {
    return this.#items.length;
  }

  getProcessed(): number {
    return this.#received - this.#items.length;
  }
}

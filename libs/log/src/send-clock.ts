/**
 * Says when those that write to JetStream side by side do so: all together, so that their messages share a write to the
 * server and whoever reads them wakes up once for all. What comes first after a pause leaves at the end of this turn of
 * the event loop, with all that others have ready by then; when there is much to do, a round waits out the linger,
 * so that messages grow.
 */
export class SendClock {
  readonly #lingerMs: number;
  #waiting = new Set<() => void>();
  #lastMs = -Infinity;
  #timer: NodeJS.Timeout | null = null;
  #immediate: NodeJS.Immediate | null = null;

  /** @param lingerMs least time between two rounds that nobody is in a hurry for, in ms */
  constructor(lingerMs: number) {
    this.#lingerMs = lingerMs;
  }

  /** Has `send` called once, in the next round; an urgent one takes place at once, for all. */
  join(send: () => void, urgent: boolean): void {
    this.#waiting.add(send);
    if (this.#immediate !== null || (this.#timer !== null && !urgent)) return;
    const waitMs = urgent ? 0 : this.#lastMs + this.#lingerMs - performance.now();
    if (waitMs > 0) this.#timer = setTimeout(() => this.#round(), waitMs);
    else this.#immediate = setImmediate(() => this.#round());
  }

  /** Calls nobody any more. */
  stop(): void {
    this.#rest();
    this.#waiting.clear();
  }

  #round(): void {
    this.#rest();
    this.#lastMs = performance.now();
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const send of waiting) send();
  }

  #rest(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#immediate !== null) clearImmediate(this.#immediate);
    this.#timer = null;
    this.#immediate = null;
  }
}

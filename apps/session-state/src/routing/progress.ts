interface Waiter {
  sequence: number;
  resolve(): void;
}

/** How far routing has come in each partition of the log. */
export class Progress {
  readonly #routed: number[];
  readonly #waiters: Waiter[][];

  constructor(partitions: number) {
    this.#routed = new Array<number>(partitions).fill(0);
    this.#waiters = Array.from({ length: partitions }, () => []);
  }

  /** Last log sequence routed. */
  routed(partition: number): number {
    return this.#routed[partition] ?? 0;
  }

  advance(partition: number, sequence: number): void {
    this.#routed[partition] = sequence;
    const waiters = this.#waiters[partition];
    if (!waiters || waiters.length === 0) return;
    this.#waiters[partition] = waiters.filter((waiter) => waiter.sequence > sequence);
    for (const waiter of waiters) if (waiter.sequence <= sequence) waiter.resolve();
  }

  /** Resolves once everything up to `sequence` has been routed. */
  reached(partition: number, sequence: number): Promise<void> {
    if (this.routed(partition) >= sequence) return Promise.resolve();
    return new Promise((resolve) => this.#waiters[partition]?.push({ sequence, resolve }));
  }
}

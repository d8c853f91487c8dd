const WINDOW_MS = 3_000;

/** How fast a count grows, over the last seconds. */
export class Rate {
  readonly #samples: { atMs: number; count: number }[] = [];

  /** Per second. Call it a few times a second. */
  of(count: number, nowMs: number): number {
    this.#samples.push({ atMs: nowMs, count });
    while (this.#samples.length > 2 && nowMs - (this.#samples[1]?.atMs ?? nowMs) >= WINDOW_MS)
      this.#samples.shift();
    const [first] = this.#samples;
    const elapsed = nowMs - (first?.atMs ?? nowMs);
    return elapsed <= 0 ? 0 : ((count - (first?.count ?? 0)) * 1000) / elapsed;
  }
}

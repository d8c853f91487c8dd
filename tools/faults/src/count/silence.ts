/** The longest time without a sign of life since it was last asked to begin anew. */
export class Silence {
  #lastMs = performance.now();
  #longestMs = 0;

  broken(): void {
    const now = performance.now();
    this.#longestMs = Math.max(this.#longestMs, now - this.#lastMs);
    this.#lastMs = now;
  }

  /** Begins anew; what has been silent until now is silent on. */
  restart(): void {
    this.#longestMs = 0;
  }

  /** In ms, that which still lasts included. */
  get longestMs(): number {
    return Math.max(this.#longestMs, performance.now() - this.#lastMs);
  }
}

/** Each bucket is 2 % wider than the one below it. */
const GROWTH = Math.log(1.02);
const SMALLEST_MS = 0.01;
const BUCKETS = 1_000;

/** Durations in a bounded space, exact to 2 %. */
export class LatencyHistogram {
  readonly #buckets = new Float64Array(BUCKETS);
  #count = 0;

  add(milliseconds: number): void {
    const bucket = Math.ceil(Math.log(Math.max(milliseconds, SMALLEST_MS) / SMALLEST_MS) / GROWTH);
    const index = Math.min(bucket, BUCKETS - 1);
    this.#buckets[index] = (this.#buckets[index] ?? 0) + 1;
    this.#count++;
  }

  /** In milliseconds; undefined if there is nothing to tell. `q` is between 0 and 1. */
  quantile(q: number): number | undefined {
    if (this.#count === 0) return undefined;
    let left = Math.max(1, Math.ceil(q * this.#count));
    for (const [index, count] of this.#buckets.entries()) {
      left -= count;
      if (left <= 0) return SMALLEST_MS * Math.exp(index * GROWTH);
    }
    return undefined;
  }
}

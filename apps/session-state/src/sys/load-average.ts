/** Averages over the last minutes, by the name of their topic. */
const SPANS = [
  ['1min', 1],
  ['5min', 5],
  ['15min', 15],
] as const;
const MINUTE_MS = 60_000;

/** How much a count grows per minute: moving averages that forget exponentially, as Mosquitto's do. */
export class LoadAverage {
  readonly #averages = SPANS.map(([name, minutes]) => ({ name, minutes, value: 0 }));
  #count: number;
  #atMs: number;

  /** @param now on the monotonic clock, in ms */
  constructor(count: number, now: number) {
    this.#count = count;
    this.#atMs = now;
  }

  update(count: number, now: number): void {
    const elapsedMs = now - this.#atMs;
    if (elapsedMs <= 0) return;
    const perMinute = ((count - this.#count) * MINUTE_MS) / elapsedMs;
    for (const average of this.#averages) {
      const kept = Math.exp(-elapsedMs / (average.minutes * MINUTE_MS));
      average.value = perMinute + kept * (average.value - perMinute);
    }
    this.#count = count;
    this.#atMs = now;
  }

  *values(): Generator<[span: string, perMinute: number]> {
    for (const { name, value } of this.#averages) yield [name, value];
  }
}

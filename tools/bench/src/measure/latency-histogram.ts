// The first 256 us have a bucket each; after that each doubling of the duration has 128.
const HALF_BITS = 7;
const HALF = 1 << HALF_BITS;
const OCTAVES = 24;
const BUCKETS = HALF * (OCTAVES + 2);
const LARGEST = 2 ** (HALF_BITS + 1 + OCTAVES) - 1;

/** Milliseconds. Each is the upper end of its bucket, at most 0.8 % too high; all 0 if nothing was recorded. */
export interface LatencySummary {
  count: number;
  p50: number;
  p99: number;
  p999: number;
  max: number;
}

/** Counts durations of up to 71 minutes in buckets that widen with their value, so that recording one costs next to nothing. */
export class LatencyHistogram {
  readonly #counts = new Uint32Array(BUCKETS);
  #count = 0;
  #maxUs = 0;

  /** A negative duration (on one clock there is none) counts as 0. */
  record(us: number): void {
    const value = us > 0 ? Math.min(Math.floor(us), LARGEST) : 0;
    this.#counts[bucketOf(value)]!++;
    this.#count++;
    if (value > this.#maxUs) this.#maxUs = value;
  }

  get count(): number {
    return this.#count;
  }

  /** The duration in us that `quantile` (0 to 1) of all do not exceed: of n sorted ones the one at ceil(quantile * n). */
  quantileUs(quantile: number): number {
    const rank = Math.max(1, Math.ceil(quantile * this.#count));
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += this.#counts[bucket]!;
      if (seen >= rank) return Math.min(upperEnd(bucket), this.#maxUs);
    }
    return this.#maxUs;
  }

  summary(): LatencySummary {
    const ms = (quantile: number): number => this.quantileUs(quantile) / 1_000;
    return { count: this.#count, p50: ms(0.5), p99: ms(0.99), p999: ms(0.999), max: this.#maxUs / 1_000 };
  }
}

// In octave o (0: up to 255 us) a bucket is 2^o us wide, and the value's upper eight bits say which it is.
function bucketOf(value: number): number {
  const octave = Math.max(0, 31 - HALF_BITS - Math.clz32(value));
  return octave * HALF + (value >>> octave);
}

function upperEnd(bucket: number): number {
  const octave = Math.max(0, Math.floor(bucket / HALF) - 1);
  return (bucket - octave * HALF + 1) * 2 ** octave - 1;
}

/** What all buckets of one kind share. */
export interface TokenRate {
  /** Tokens that come back in a second. */
  readonly perSecond: number;
  /** Tokens that a full bucket holds: what may be taken at once after a pause. */
  readonly burst: number;
  /** Milliseconds of a monotonic clock. Read only when a bucket has run dry. */
  readonly now: () => number;
}

/**
 * Holds a sender to a rate. `take` never fails, but it may leave a debt; whoever takes waits until that is paid. While
 * there are tokens it costs a subtraction and a comparison: what came back meanwhile is counted when it is needed.
 */
export class TokenBucket {
  readonly #rate: TokenRate;
  #tokens: number;
  #filledAt: number;

  constructor(rate: TokenRate) {
    this.#rate = rate;
    this.#tokens = rate.burst;
    this.#filledAt = rate.now();
  }

  /** @returns how long to wait before the next, in ms; 0: not at all */
  take(tokens: number): number {
    this.#tokens -= tokens;
    if (this.#tokens >= 0) return 0;
    this.#fill(tokens);
    return this.#tokens >= 0 ? 0 : (-this.#tokens * 1_000) / this.#rate.perSecond;
  }

  /** Takes them only if they are there: who is turned away owes nothing. */
  tryTake(tokens: number): boolean {
    if (this.#tokens < tokens) this.#fill(0);
    if (this.#tokens < tokens) return false;
    this.#tokens -= tokens;
    return true;
  }

  /** Tokens there are now; negative: a debt. */
  get level(): number {
    this.#fill(0);
    return this.#tokens;
  }

  /** @param taken by who asks, so it does not count against what the bucket can hold */
  #fill(taken: number): void {
    const { perSecond, burst, now } = this.#rate;
    const time = now();
    const back = ((time - this.#filledAt) * perSecond) / 1_000;
    this.#tokens = Math.min(this.#tokens + taken + back, burst) - taken;
    this.#filledAt = time;
  }
}

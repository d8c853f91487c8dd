/** An accumulator no larger than this never asks: a device that sends small packets is not turned away for the large ones of others. */
const FREE_BYTES = 4 * 1024;

/** Memory that all connections of an engine may hold for packets that have not arrived whole. */
export class ByteBudget {
  readonly #limit: number;
  #held = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Bytes held now. */
  get held(): number {
    return this.#held;
  }

  /** Whether somebody who holds `present` bytes may hold `wanted` instead; if so it counts. */
  change(present: number, wanted: number): boolean {
    const held = this.#held - present + wanted;
    if (wanted > FREE_BYTES && held > this.#limit) return false;
    this.#held = held;
    return true;
  }
}

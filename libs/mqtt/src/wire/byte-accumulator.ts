import type { ByteBudget } from './byte-budget.ts';

/**
 * The bytes of one packet that arrives in several chunks. It grows with what has arrived, not with what the header
 * announces, so a client must send bytes to make us hold bytes; and it doubles, so single-byte chunks stay cheap.
 */
export class ByteAccumulator {
  readonly #budget: ByteBudget;
  #bytes: Buffer = EMPTY;
  #length = 0;

  constructor(budget: ByteBudget) {
    this.#budget = budget;
  }

  get length(): number {
    return this.#length;
  }

  /** View of what is held; valid until the next `append`. */
  view(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** @returns false if that is more than the budget has room for; nothing was added then */
  append(chunk: Buffer, start: number, end: number): boolean {
    const needed = this.#length + (end - start);
    if (needed > this.#bytes.length) {
      const size = Math.max(needed, this.#bytes.length * 2, 64);
      if (!this.#budget.change(this.#bytes.length, size)) return false;
      const grown = Buffer.allocUnsafe(size);
      this.#bytes.copy(grown, 0, 0, this.#length);
      this.#bytes = grown;
    }
    chunk.copy(this.#bytes, this.#length, start, end);
    this.#length = needed;
    return true;
  }

  /** Hands the bytes over and starts anew. */
  take(): Buffer {
    const bytes = this.view();
    this.#budget.change(this.#bytes.length, 0);
    this.#bytes = EMPTY;
    this.#length = 0;
    return bytes;
  }
}

const EMPTY = Buffer.alloc(0);

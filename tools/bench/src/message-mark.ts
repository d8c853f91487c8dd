/*
 * The first bytes of the payload of every message, big-endian:
 *
 *   0 magic uint32    4 run uint32    8 client uint32    12 number uint32    16 time float64 (us, CLOCK_MONOTONIC)
 *
 * `number` counts the messages of a client within a run from 1.
 */
export const MARK_BYTES = 24;
export const MARK_MAGIC = 0x54724d6b;
export const MARK = { magic: 0, run: 4, client: 8, number: 12, timeUs: 16 } as const;

const DIGITS = 6;
const PREFIX = 'd';

/** The MQTT client id, which is also the key of its records. All are equally long. */
export function clientId(client: number): string {
  return PREFIX + String(client).padStart(DIGITS, '0');
}

/** Bytes of a client id. */
export const CLIENT_ID_BYTES = PREFIX.length + DIGITS;
export const MAX_CLIENTS = 10 ** DIGITS;

/** Reads a client id back; -1 if it is none. */
export function clientOf(bytes: Uint8Array, start: number, length: number): number {
  if (length !== CLIENT_ID_BYTES || bytes[start] !== PREFIX.charCodeAt(0)) return -1;
  let client = 0;
  for (let at = start + 1; at < start + length; at++) {
    const digit = bytes[at]! - 48;
    if (digit < 0 || digit > 9) return -1;
    client = client * 10 + digit;
  }
  return client;
}

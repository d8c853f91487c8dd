import { isUtf8 } from 'node:buffer';
import { Faults, type Fault } from './fault.ts';

/**
 * Checks `buffer[start, end)` as an MQTT string (1.5.4): UTF-8 without surrogates [MQTT-1.5.4-1] and without U+0000
 * [MQTT-1.5.4-2]. Short ASCII, which nearly every string is, costs one comparison a byte.
 */
export function checkString(buffer: Buffer, start: number, end: number): Fault | null {
  for (let at = start; at < end; at++) {
    const byte = buffer[at]!;
    if (byte === 0) return Faults.NUL;
    if (byte >= 0x80) {
      const rest = buffer.subarray(at, end);
      if (!isUtf8(rest)) return Faults.NOT_UTF8;
      return rest.includes(0) ? Faults.NUL : null;
    }
  }
  return null;
}

import { PacketType } from './wire/packet-type.ts';
import { PropertyId, PropertyScanner } from './wire/property.ts';

const scanner = new PropertyScanner();

/**
 * The Message Expiry Interval of a stored property block in seconds, or undefined. The block is one an engine checked;
 * a broken one counts as having none.
 */
export function messageExpiryOf(block: Uint8Array): number | undefined {
  if (block.length === 0) return undefined;
  const buffer = Buffer.from(block.buffer, block.byteOffset, block.length);
  if (scanner.scanBlock(buffer, PacketType.PUBLISH) !== null) return undefined;
  const seconds = scanner.number(buffer, PropertyId.MESSAGE_EXPIRY, -1);
  return seconds < 0 ? undefined : seconds;
}

/** Whether the Payload Format Indicator of a stored property block says that the payload is UTF-8 (3.3.2.3.2). */
export function saysUtf8(block: Uint8Array): boolean {
  if (block.length === 0) return false;
  const buffer = Buffer.from(block.buffer, block.byteOffset, block.length);
  if (scanner.scanBlock(buffer, PacketType.PUBLISH) !== null) return false;
  return scanner.number(buffer, PropertyId.PAYLOAD_FORMAT, 0) === 1;
}

/** When a stored message expires, in milliseconds since the epoch; 0: never. Its expiry counts from its receive time. */
export function expiresAtOf({
  properties,
  receivedMs,
}: {
  properties: Uint8Array;
  receivedMs: number;
}): number {
  const seconds = messageExpiryOf(properties);
  return seconds === undefined ? 0 : receivedMs + seconds * 1_000;
}

/**
 * The block with the seconds a message has left to live [MQTT-3.3.2-6]: a copy, all other properties untouched. A
 * block without an expiry is returned as it is.
 */
export function withMessageExpiry(block: Uint8Array, seconds: number): Uint8Array {
  if (block.length === 0) return block;
  const buffer = Buffer.from(block.buffer, block.byteOffset, block.length);
  if (scanner.scanBlock(buffer, PacketType.PUBLISH) !== null) return block;
  const at = scanner.offset(PropertyId.MESSAGE_EXPIRY);
  if (at < 0) return block;
  const copy = Buffer.from(buffer);
  copy.writeUInt32BE(seconds, at + 1);
  return copy;
}

import { PropertyId } from './property.ts';
import { variableBytes, writeVariable } from './variable-integer.ts';

/** Longest reason string, in bytes. */
const MAX_REASON_BYTES = 256;

const NOTHING = new Uint8Array(0);

export function twoByteProperty(id: number, value: number): Buffer {
  return Buffer.from([id, value >> 8, value & 0xff]);
}

export function fourByteProperty(id: number, value: number): Buffer {
  const property = Buffer.allocUnsafe(5);
  property[0] = id;
  property.writeUInt32BE(value, 1);
  return property;
}

export function textProperty(id: number, text: string): Buffer {
  return binaryProperty(id, Buffer.from(text, 'utf8'));
}

export function binaryProperty(id: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([id, bytes.length >> 8, bytes.length & 0xff]), bytes]);
}

/** A Reason String, cut where it is too long between two characters; none for no text. */
export function reasonString(text: string): Buffer[] {
  if (text === '') return [];
  const bytes = Buffer.allocUnsafe(MAX_REASON_BYTES);
  const length = bytes.write(text.replaceAll('\0', ''), 'utf8');
  return [binaryProperty(PropertyId.REASON_STRING, bytes.subarray(0, length))];
}

/** A packet of MQTT 5 in parts. */
export interface PacketParts {
  first: number;
  /** What stands before the properties. */
  head: readonly number[];
  properties?: readonly Buffer[];
  /** Properties to leave out, last first, if the packet would be larger than its receiver takes. */
  optional?: readonly Buffer[];
  /** What stands behind the properties. */
  tail?: Uint8Array;
}

/**
 * Puts a packet together.
 * @param maxBytes the receiver's Maximum Packet Size [MQTT-3.1.2-24]; 0: none
 * @returns null if it is too large even without what is optional
 */
export function encodePacket(parts: PacketParts, maxBytes: number): Buffer | null {
  const { first, head, properties = [], optional = [], tail = NOTHING } = parts;
  for (let kept = optional.length; kept >= 0; kept--) {
    const block = Buffer.concat([...properties, ...optional.slice(0, kept)]);
    const body = head.length + variableBytes(block.length) + block.length + tail.length;
    const total = 1 + variableBytes(body) + body;
    if (maxBytes > 0 && total > maxBytes) continue;
    const packet = Buffer.allocUnsafe(total);
    packet[0] = first;
    let at = writeVariable(packet, 1, body);
    for (const byte of head) packet[at++] = byte;
    at = writeVariable(packet, at, block.length);
    at += block.copy(packet, at);
    packet.set(tail, at);
    return packet;
  }
  return null;
}

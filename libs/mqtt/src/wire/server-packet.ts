import type { ProtocolVersion } from '../engine/mqtt-engine.ts';
import { connectReturnCode, isFailure } from '../engine/reason-code.ts';
import { Faults, type Fault } from './fault.ts';
import { PacketType } from './packet-type.ts';
import { PropertyId } from './property.ts';

/** Bytes of a variable byte integer (1.5.5). */
export function variableBytes(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x200000 ? 3 : 4;
}

/** Writes a variable byte integer; returns the offset behind it. */
export function writeVariable(buffer: Buffer, at: number, value: number): number {
  while (value >= 0x80) {
    buffer[at++] = (value & 0x7f) | 0x80;
    value >>>= 7;
  }
  buffer[at++] = value;
  return at;
}

/** CONNACK that refuses (3.2). MQTT 3.x gets the nearest of its five codes. */
export function encodeRefusal(version: number, reason: number): Buffer {
  if (version === 3 || version === 4) {
    return Buffer.from([PacketType.CONNACK << 4, 2, 0, connectReturnCode(reason)]);
  }
  return Buffer.from([PacketType.CONNACK << 4, 3, 0, reason, 0]);
}

/**
 * CONNACK for a faulty CONNECT, or null where the connection is closed without a word: MQTT 3.x has codes only for a
 * version we do not speak and an identifier we do not take [MQTT-3.1.4-1].
 */
export function encodeFaultRefusal(version: number, fault: Fault): Buffer | null {
  if (version === 5 || fault === Faults.PROTOCOL_VERSION || fault === Faults.CLIENT_ID_EMPTY) {
    return encodeRefusal(version, fault.reason);
  }
  return null;
}

/** DISCONNECT with a reason string (3.14), which is left out where the packet would exceed `maxBytes` (0: no limit). */
export function encodeDisconnect(reason: number, text: string, maxBytes: number): Buffer {
  const string = Buffer.from(text, 'utf8').subarray(0, MAX_REASON_BYTES);
  const properties = 3 + string.length;
  const body = 1 + variableBytes(properties) + properties;
  const total = 1 + variableBytes(body) + body;
  if (string.length === 0 || (maxBytes > 0 && total > maxBytes)) {
    return Buffer.from([PacketType.DISCONNECT << 4, 1, reason]);
  }
  const packet = Buffer.allocUnsafe(total);
  packet[0] = PacketType.DISCONNECT << 4;
  let at = writeVariable(packet, 1, body);
  packet[at++] = reason;
  at = writeVariable(packet, at, properties);
  packet[at++] = PropertyId.REASON_STRING;
  at = packet.writeUInt16BE(string.length, at);
  string.copy(packet, at);
  return packet;
}

/** Our own reason strings are ASCII and short; cutting them never splits a character. */
const MAX_REASON_BYTES = 256;

/** SUBACK (3.9); MQTT 3.1.1 knows one failure, 0x80. */
export function encodeSubscribed(
  version: ProtocolVersion,
  packetId: number,
  reasons: readonly number[],
): Buffer {
  const codes = version === 5 ? reasons : reasons.map((reason) => (isFailure(reason) ? 0x80 : reason));
  return encodeList(PacketType.SUBACK, version, packetId, codes);
}

/** UNSUBACK (3.11); MQTT 3.x has no codes in it. */
export function encodeUnsubscribed(
  version: ProtocolVersion,
  packetId: number,
  reasons: readonly number[],
): Buffer {
  return encodeList(PacketType.UNSUBACK, version, packetId, version === 5 ? reasons : []);
}

function encodeList(
  type: number,
  version: ProtocolVersion,
  packetId: number,
  codes: readonly number[],
): Buffer {
  const body = 2 + (version === 5 ? 1 : 0) + codes.length;
  const packet = Buffer.allocUnsafe(1 + variableBytes(body) + body);
  packet[0] = type << 4;
  let at = writeVariable(packet, 1, body);
  at = packet.writeUInt16BE(packetId, at);
  if (version === 5) packet[at++] = 0;
  for (const code of codes) packet[at++] = code;
  return packet;
}

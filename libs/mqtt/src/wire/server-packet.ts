import type { ProtocolVersion } from '../engine/mqtt-engine.ts';
import { connectReturnCode, isFailure } from '../engine/reason-code.ts';
import { Faults, type Fault } from './fault.ts';
import { PacketType } from './packet-type.ts';
import { encodePacket, reasonString, textProperty } from './property-writer.ts';
import { PropertyId } from './property.ts';
import { variableBytes, writeVariable } from './variable-integer.ts';

/** Why a client is turned away, and where it finds another server. */
export interface Parting {
  reason: number;
  /** For the developer of the device; empty: none. */
  text: string;
  /** Server Reference (4.11); empty: none. */
  serverReference?: string;
}

function explained({ text, serverReference = '' }: Parting): Buffer[] {
  const reference =
    serverReference === '' ? [] : [textProperty(PropertyId.SERVER_REFERENCE, serverReference)];
  return [...reference, ...reasonString(text)];
}

/**
 * CONNACK that refuses (3.2). MQTT 3.x gets the nearest of its five codes.
 * @param maxBytes the client's Maximum Packet Size, 0: none; what does not fit is left out
 */
export function encodeRefusal(version: number, parting: Parting, maxBytes: number): Buffer {
  const { reason } = parting;
  if (version === 3 || version === 4) {
    return Buffer.from([PacketType.CONNACK << 4, 2, 0, connectReturnCode(reason)]);
  }
  const packet = { first: PacketType.CONNACK << 4, head: [0, reason], optional: explained(parting) };
  return encodePacket(packet, maxBytes) ?? Buffer.from([PacketType.CONNACK << 4, 3, 0, reason, 0]);
}

/**
 * CONNACK for a faulty CONNECT, or null where the connection is closed without a word: MQTT 3.x has codes only for a
 * version we do not speak and an identifier we do not take [MQTT-3.1.4-1].
 */
export function encodeFaultRefusal(version: number, fault: Fault, maxBytes: number): Buffer | null {
  if (version === 5 || fault === Faults.PROTOCOL_VERSION || fault === Faults.CLIENT_ID_EMPTY) {
    // Whoever speaks another version may not know a reason string.
    const text = version === 5 && fault !== Faults.PROTOCOL_VERSION ? fault.text : '';
    return encodeRefusal(version, { reason: fault.reason, text }, maxBytes);
  }
  return null;
}

/** DISCONNECT (3.14). */
export function encodeDisconnect(parting: Parting, maxBytes: number): Buffer {
  const short = Buffer.from([PacketType.DISCONNECT << 4, 1, parting.reason]);
  const optional = explained(parting);
  if (optional.length === 0) return short;
  const packet = { first: short[0]!, head: [parting.reason], optional };
  const encoded = encodePacket(packet, maxBytes);
  // Without properties their length can stay away, too (3.14.2.2.1).
  return encoded === null || encoded.length === short.length + 1 ? short : encoded;
}

/** PUBACK, PUBREC or PUBCOMP of MQTT 5 with a reason string; null if the client does not take a packet of its size. */
export function encodeExplained(
  type: number,
  packetId: number,
  reason: number,
  text: string,
  maxBytes: number,
): Buffer | null {
  const head = [packetId >> 8, packetId & 0xff, reason];
  return encodePacket({ first: type << 4, head, properties: reasonString(text) }, maxBytes);
}

/** What SUBACK and UNSUBACK have in common. */
export interface CodeList {
  packetId: number;
  reasons: readonly number[];
  /** Reason string; empty: none. */
  text?: string;
}

/** SUBACK (3.9); MQTT 3.x knows one failure, 0x80. Null if the client does not take a packet of its size. */
export function encodeSubscribed(version: ProtocolVersion, list: CodeList, maxBytes: number): Buffer | null {
  if (version === 5) return encodeList(PacketType.SUBACK, list, maxBytes);
  const codes = list.reasons.map((reason) => (isFailure(reason) ? 0x80 : reason));
  return encodeBareList(PacketType.SUBACK, list.packetId, codes);
}

/** UNSUBACK (3.11); MQTT 3.x has no codes in it. Null as above. */
export function encodeUnsubscribed(
  version: ProtocolVersion,
  list: CodeList,
  maxBytes: number,
): Buffer | null {
  if (version === 5) return encodeList(PacketType.UNSUBACK, list, maxBytes);
  return encodeBareList(PacketType.UNSUBACK, list.packetId, []);
}

function encodeList(
  type: number,
  { packetId, reasons, text = '' }: CodeList,
  maxBytes: number,
): Buffer | null {
  const head = [packetId >> 8, packetId & 0xff];
  const tail = Buffer.from(reasons);
  return encodePacket({ first: type << 4, head, optional: reasonString(text), tail }, maxBytes);
}

function encodeBareList(type: number, packetId: number, codes: readonly number[]): Buffer {
  const body = Buffer.from([packetId >> 8, packetId & 0xff, ...codes]);
  const length = Buffer.allocUnsafe(1 + variableBytes(body.length));
  length[0] = type << 4;
  writeVariable(length, 1, body.length);
  return Buffer.concat([length, body]);
}

import { ReasonCode } from '../engine/reason-code.ts';
import { Faults, type Fault } from './fault.ts';
import { PacketType } from './packet-type.ts';
import { PropertyScanner } from './property.ts';

const R = ReasonCode;

/** Reason codes of PUBACK and PUBREC (3.4.2.1, 3.5.2.1). */
const RECEIPT_CODES = new Set<number>([
  ...[
    R.SUCCESS,
    R.NO_MATCHING_SUBSCRIBERS,
    R.UNSPECIFIED_ERROR,
    R.IMPLEMENTATION_SPECIFIC_ERROR,
    R.NOT_AUTHORIZED,
  ],
  ...[R.TOPIC_NAME_INVALID, R.PACKET_IDENTIFIER_IN_USE, R.QUOTA_EXCEEDED, R.PAYLOAD_FORMAT_INVALID],
]);

/** Reason codes of PUBREL and PUBCOMP (3.6.2.1, 3.7.2.1). */
const RELEASE_CODES = new Set<number>([R.SUCCESS, R.PACKET_IDENTIFIER_NOT_FOUND]);

/** Reason codes a client may give with DISCONNECT (3.14.2.1). */
const DISCONNECT_CODES = new Set<number>([
  ...[R.SUCCESS, R.DISCONNECT_WITH_WILL, R.UNSPECIFIED_ERROR, R.MALFORMED_PACKET, R.PROTOCOL_ERROR],
  ...[
    R.IMPLEMENTATION_SPECIFIC_ERROR,
    R.TOPIC_NAME_INVALID,
    R.RECEIVE_MAXIMUM_EXCEEDED,
    R.TOPIC_ALIAS_INVALID,
  ],
  ...[R.PACKET_TOO_LARGE, R.MESSAGE_RATE_TOO_HIGH, R.QUOTA_EXCEEDED, R.ADMINISTRATIVE_ACTION],
  R.PAYLOAD_FORMAT_INVALID,
]);

const scanner = new PropertyScanner();

/** Checks the body of PUBACK, PUBREC, PUBREL or PUBCOMP; MQTT 5 may append a reason code and properties. */
export function checkAcknowledgement(
  buffer: Buffer,
  at: number,
  end: number,
  type: number,
  version: number,
): Fault | null {
  const length = end - at;
  if (length < 2) return Faults.TRUNCATED;
  if (buffer[at] === 0 && buffer[at + 1] === 0) return Faults.PACKET_ID_ZERO;
  if (length === 2) return null;
  if (version !== 5) return Faults.TRAILING_BYTES;
  const codes = type === PacketType.PUBACK || type === PacketType.PUBREC ? RECEIPT_CODES : RELEASE_CODES;
  if (!codes.has(buffer[at + 2]!)) return Faults.REASON_CODE;
  if (length === 3) return null;
  const fault = scanner.scan(buffer, at + 3, end, type);
  if (fault !== null) return fault;
  return scanner.end === end ? null : Faults.TRAILING_BYTES;
}

/** What a client said when it left: its reason code and, if it changed it, the session's expiry in seconds. */
export interface DisconnectPacket {
  reason: number;
  sessionExpiry: number | undefined;
}

/** Decodes the body of a client's DISCONNECT (3.14). */
export function decodeDisconnect(
  buffer: Buffer,
  at: number,
  end: number,
  version: number,
): { value: DisconnectPacket; fault: null } | { value: null; fault: Fault } {
  if (at === end) return { value: { reason: R.SUCCESS, sessionExpiry: undefined }, fault: null };
  if (version !== 5) return { value: null, fault: Faults.TRAILING_BYTES };
  const reason = buffer[at]!;
  if (!DISCONNECT_CODES.has(reason)) return { value: null, fault: Faults.REASON_CODE };
  if (end - at === 1) return { value: { reason, sessionExpiry: undefined }, fault: null };
  const fault = scanner.scan(buffer, at + 1, end, PacketType.DISCONNECT);
  if (fault !== null) return { value: null, fault };
  if (scanner.end !== end) return { value: null, fault: Faults.TRAILING_BYTES };
  const expiry = scanner.number(buffer, 0x11, -1);
  return { value: { reason, sessionExpiry: expiry < 0 ? undefined : expiry }, fault: null };
}

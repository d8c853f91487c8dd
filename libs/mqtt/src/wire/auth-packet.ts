import { ReasonCode } from '../engine/reason-code.ts';
import { Faults, type Fault } from './fault.ts';
import { FaultError, FieldReader, decodeOr } from './field-reader.ts';
import { PacketType } from './packet-type.ts';
import { binaryProperty, encodePacket, textProperty } from './property-writer.ts';
import { PropertyId, PropertyScanner } from './property.ts';

/** One step of an enhanced authentication (3.15, 4.12). */
export interface AuthPacket {
  /** Continue authentication or re-authenticate: success is the server's to say. */
  reason: typeof ReasonCode.CONTINUE_AUTHENTICATION | typeof ReasonCode.RE_AUTHENTICATE;
  method: string;
  /** A view of the packet; undefined: none. */
  data: Uint8Array | undefined;
}

/** Decodes `buffer[start, end)`, the body of a client's AUTH. */
export function decodeAuth(
  buffer: Buffer,
  start: number,
  end: number,
): { value: AuthPacket; fault: null } | { value: null; fault: Fault } {
  return decodeOr(() => {
    const reader = new FieldReader(buffer, start, end);
    const reason = reader.done ? ReasonCode.SUCCESS : reader.byte();
    if (reason !== ReasonCode.CONTINUE_AUTHENTICATION && reason !== ReasonCode.RE_AUTHENTICATE) {
      throw new FaultError(Faults.REASON_CODE);
    }
    const scanner = new PropertyScanner();
    reader.check(scanner.scan(buffer, reader.at, end, PacketType.AUTH));
    if (scanner.end !== end) throw new FaultError(Faults.TRAILING_BYTES);
    const method = scanner.text(buffer, PropertyId.AUTHENTICATION_METHOD);
    if (method === undefined) throw new FaultError(Faults.AUTH_WITHOUT_METHOD);
    return { reason, method, data: scanner.binary(buffer, PropertyId.AUTHENTICATION_DATA) };
  });
}

/**
 * AUTH to a client.
 * @param maxBytes the client's Maximum Packet Size, 0: none
 * @returns null if the client does not take a packet of its size
 */
export function encodeAuth(
  reason: number,
  method: string,
  data: Uint8Array | undefined,
  maxBytes: number,
): Buffer | null {
  const properties = [textProperty(PropertyId.AUTHENTICATION_METHOD, method)];
  if (data !== undefined) properties.push(binaryProperty(PropertyId.AUTHENTICATION_DATA, data));
  return encodePacket({ first: PacketType.AUTH << 4, head: [reason], properties }, maxBytes);
}

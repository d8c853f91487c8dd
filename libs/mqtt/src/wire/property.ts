import { Faults, type Fault } from './fault.ts';
import { PacketType } from './packet-type.ts';
import { checkString } from './utf8.ts';

/** Property identifiers (MQTT 5, 2.2.2.2). */
export const PropertyId = {
  PAYLOAD_FORMAT: 0x01,
  MESSAGE_EXPIRY: 0x02,
  CONTENT_TYPE: 0x03,
  RESPONSE_TOPIC: 0x08,
  CORRELATION_DATA: 0x09,
  SUBSCRIPTION_IDENTIFIER: 0x0b,
  SESSION_EXPIRY: 0x11,
  ASSIGNED_CLIENT_IDENTIFIER: 0x12,
  SERVER_KEEP_ALIVE: 0x13,
  AUTHENTICATION_METHOD: 0x15,
  AUTHENTICATION_DATA: 0x16,
  REQUEST_PROBLEM_INFORMATION: 0x17,
  WILL_DELAY: 0x18,
  REQUEST_RESPONSE_INFORMATION: 0x19,
  RESPONSE_INFORMATION: 0x1a,
  SERVER_REFERENCE: 0x1c,
  REASON_STRING: 0x1f,
  RECEIVE_MAXIMUM: 0x21,
  TOPIC_ALIAS_MAXIMUM: 0x22,
  TOPIC_ALIAS: 0x23,
  MAXIMUM_QOS: 0x24,
  RETAIN_AVAILABLE: 0x25,
  USER_PROPERTY: 0x26,
  MAXIMUM_PACKET_SIZE: 0x27,
  WILDCARD_SUBSCRIPTION_AVAILABLE: 0x28,
  SUBSCRIPTION_IDENTIFIERS_AVAILABLE: 0x29,
  SHARED_SUBSCRIPTION_AVAILABLE: 0x2a,
} as const;

type PropertyType = 'flag' | 'two' | 'four' | 'variable' | 'string' | 'binary' | 'pair';

/** The will's properties are a place of their own, beside the packet types. */
export const WILL = 0;

interface PropertySpec {
  type: PropertyType;
  /** Bit n: allowed in packet type n from a client (bit 0: in a will). */
  places: number;
}

function spec(type: PropertyType, ...places: number[]): PropertySpec {
  return { type, places: places.reduce((bits, place) => bits | (1 << place), 0) };
}

const { CONNECT, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP, SUBSCRIBE, UNSUBSCRIBE, DISCONNECT, AUTH } =
  PacketType;

/** What a client may send, and where. Properties only a server sends exist, but have no place. */
const SPECS: (PropertySpec | undefined)[] = [];
SPECS[PropertyId.PAYLOAD_FORMAT] = spec('flag', PUBLISH, WILL);
SPECS[PropertyId.MESSAGE_EXPIRY] = spec('four', PUBLISH, WILL);
SPECS[PropertyId.CONTENT_TYPE] = spec('string', PUBLISH, WILL);
SPECS[PropertyId.RESPONSE_TOPIC] = spec('string', PUBLISH, WILL);
SPECS[PropertyId.CORRELATION_DATA] = spec('binary', PUBLISH, WILL);
SPECS[PropertyId.SUBSCRIPTION_IDENTIFIER] = spec('variable', SUBSCRIBE, PUBLISH);
SPECS[PropertyId.SESSION_EXPIRY] = spec('four', CONNECT, DISCONNECT);
SPECS[PropertyId.ASSIGNED_CLIENT_IDENTIFIER] = spec('string');
SPECS[PropertyId.SERVER_KEEP_ALIVE] = spec('two');
SPECS[PropertyId.AUTHENTICATION_METHOD] = spec('string', CONNECT, AUTH);
SPECS[PropertyId.AUTHENTICATION_DATA] = spec('binary', CONNECT, AUTH);
SPECS[PropertyId.REQUEST_PROBLEM_INFORMATION] = spec('flag', CONNECT);
SPECS[PropertyId.WILL_DELAY] = spec('four', WILL);
SPECS[PropertyId.REQUEST_RESPONSE_INFORMATION] = spec('flag', CONNECT);
SPECS[PropertyId.RESPONSE_INFORMATION] = spec('string');
SPECS[PropertyId.SERVER_REFERENCE] = spec('string');
SPECS[PropertyId.REASON_STRING] = spec('string', PUBACK, PUBREC, PUBREL, PUBCOMP, DISCONNECT, AUTH);
SPECS[PropertyId.RECEIVE_MAXIMUM] = spec('two', CONNECT);
SPECS[PropertyId.TOPIC_ALIAS_MAXIMUM] = spec('two', CONNECT);
SPECS[PropertyId.TOPIC_ALIAS] = spec('two', PUBLISH);
SPECS[PropertyId.MAXIMUM_QOS] = spec('flag');
SPECS[PropertyId.RETAIN_AVAILABLE] = spec('flag');
SPECS[PropertyId.USER_PROPERTY] = spec(
  'pair',
  ...[CONNECT, PUBLISH, WILL, PUBACK, PUBREC, PUBREL, PUBCOMP, SUBSCRIBE, UNSUBSCRIBE, DISCONNECT, AUTH],
);
SPECS[PropertyId.MAXIMUM_PACKET_SIZE] = spec('four', CONNECT);
SPECS[PropertyId.WILDCARD_SUBSCRIPTION_AVAILABLE] = spec('flag');
SPECS[PropertyId.SUBSCRIPTION_IDENTIFIERS_AVAILABLE] = spec('flag');
SPECS[PropertyId.SHARED_SUBSCRIPTION_AVAILABLE] = spec('flag');

/**
 * Walks one property block of a client's packet. After `scan` returned null, `start` and `end` frame the block without
 * its length, and its properties can be asked for. One scanner serves many connections in turn; nothing
 * it holds outlives the next call.
 */
export class PropertyScanner {
  start = 0;
  end = 0;
  /** Where each property of the last block begins (its identifier), by identifier; -1 if absent. */
  readonly #at = new Int32Array(64).fill(-1);
  readonly #seen: number[] = [];

  /**
   * @param at offset of the block's length
   * @param limit end of the packet
   * @param place packet type, or WILL
   */
  scan(buffer: Buffer, at: number, limit: number, place: number): Fault | null {
    if (at >= limit) return Faults.TRUNCATED;
    let length = buffer[at++]!;
    if (length >= 0x80) {
      at = readVariable(buffer, at - 1, limit);
      if (at < 0) return Faults.VARIABLE_INTEGER;
      length = variableValue;
    }
    const end = at + length;
    return end > limit ? Faults.PROPERTY_TRUNCATED : this.#walk(buffer, at, end, place);
  }

  /** As `scan`, for a block that is stored without its length. */
  scanBlock(buffer: Buffer, place: number): Fault | null {
    return this.#walk(buffer, 0, buffer.length, place);
  }

  #walk(buffer: Buffer, at: number, end: number, place: number): Fault | null {
    for (const id of this.#seen) this.#at[id] = -1;
    this.#seen.length = 0;
    this.start = at;
    this.end = end;
    while (at < end) {
      const id = buffer[at]!;
      const known = SPECS[id];
      if (known === undefined) return Faults.PROPERTY_UNKNOWN;
      if ((known.places & (1 << place)) === 0) return Faults.PROPERTY_FOREIGN;
      if (this.#at[id] !== -1) {
        if (id !== PropertyId.USER_PROPERTY) return Faults.PROPERTY_TWICE;
      } else {
        this.#at[id] = at;
        this.#seen.push(id);
      }
      const next = skipValue(buffer, at + 1, end, known.type);
      if (next < 0) return Faults.PROPERTY_TRUNCATED;
      const fault = checkValue(buffer, at + 1, next, known.type);
      if (fault !== null) return fault;
      at = next;
    }
    return null;
  }

  has(id: number): boolean {
    return this.#at[id] !== -1;
  }

  /** Offset of a property's identifier; -1 if absent. */
  offset(id: number): number {
    return this.#at[id]!;
  }

  /** Value of a flag, two, four or variable byte property; `fallback` if absent. */
  number(buffer: Buffer, id: number, fallback: number): number {
    const at = this.#at[id]!;
    if (at === -1) return fallback;
    switch (SPECS[id]?.type) {
      case 'flag':
        return buffer[at + 1]!;
      case 'two':
        return buffer.readUInt16BE(at + 1);
      case 'four':
        return buffer.readUInt32BE(at + 1);
      default:
        readVariable(buffer, at + 1, this.end);
        return variableValue;
    }
  }

  /** Value of a string property; undefined if absent. */
  text(buffer: Buffer, id: number): string | undefined {
    return this.binary(buffer, id)?.toString('utf8');
  }

  /** Value of a binary property as a view of the packet; undefined if absent. */
  binary(buffer: Buffer, id: number): Buffer | undefined {
    const at = this.#at[id]!;
    return at === -1 ? undefined : buffer.subarray(at + 3, at + 3 + buffer.readUInt16BE(at + 1));
  }
}

/** User properties of a checked block, in their order. */
export function readUserProperties(buffer: Buffer, start: number, end: number): [string, string][] {
  const pairs: [string, string][] = [];
  let at = start;
  while (at < end) {
    const id = buffer[at]!;
    const next = skipValue(buffer, at + 1, end, SPECS[id]!.type);
    if (id === PropertyId.USER_PROPERTY) {
      const middle = at + 3 + buffer.readUInt16BE(at + 1);
      pairs.push([buffer.toString('utf8', at + 3, middle), buffer.toString('utf8', middle + 2, next)]);
    }
    at = next;
  }
  return pairs;
}

let variableValue = 0;

/** Reads a minimal variable byte integer into `variableValue`; returns the offset behind it, or -1. */
function readVariable(buffer: Buffer, at: number, limit: number): number {
  let value = 0;
  for (let shift = 0; shift < 28 && at < limit; shift += 7) {
    const byte = buffer[at++]!;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) {
      if (byte === 0 && shift > 0) return -1;
      variableValue = value;
      return at;
    }
  }
  return -1;
}

/** Offset behind a value, or -1 if it does not end within the block. */
function skipValue(buffer: Buffer, at: number, end: number, type: PropertyType): number {
  switch (type) {
    case 'flag':
      return at + 1 <= end ? at + 1 : -1;
    case 'two':
      return at + 2 <= end ? at + 2 : -1;
    case 'four':
      return at + 4 <= end ? at + 4 : -1;
    case 'variable':
      return readVariable(buffer, at, end);
    case 'pair': {
      const middle = skipPrefixed(buffer, at, end);
      return middle < 0 ? -1 : skipPrefixed(buffer, middle, end);
    }
    default:
      return skipPrefixed(buffer, at, end);
  }
}

function skipPrefixed(buffer: Buffer, at: number, end: number): number {
  if (at + 2 > end) return -1;
  const next = at + 2 + ((buffer[at]! << 8) | buffer[at + 1]!);
  return next <= end ? next : -1;
}

function checkValue(buffer: Buffer, at: number, next: number, type: PropertyType): Fault | null {
  switch (type) {
    case 'flag':
      return buffer[at]! > 1 ? Faults.PROPERTY_VALUE : null;
    case 'string':
      return checkString(buffer, at + 2, next);
    case 'pair': {
      const middle = at + 2 + ((buffer[at]! << 8) | buffer[at + 1]!);
      return checkString(buffer, at + 2, middle) ?? checkString(buffer, middle + 2, next);
    }
    default:
      return null;
  }
}

import type { ProtocolVersion, Will } from '../engine/mqtt-engine.ts';
import { topicLevels } from '../topic-filter.ts';
import { topicNameProblem } from '../topic-name.ts';
import { Faults, type Fault } from './fault.ts';
import { FaultError, FieldReader, decodeOr } from './field-reader.ts';
import { PacketType } from './packet-type.ts';
import { PropertyId, PropertyScanner, WILL, readUserProperties } from './property.ts';
import { withoutRange } from './publish-check.ts';

/** A CONNECT as the client sent it (3.1). */
export interface ConnectPacket {
  protocolVersion: ProtocolVersion;
  cleanStart: boolean;
  keepAlive: number;
  clientId: string;
  username: string | undefined;
  password: Uint8Array | undefined;
  will: Will | undefined;
  sessionExpiry: number;
  receiveMaximum: number;
  maximumPacketSize: number;
  topicAliasMaximum: number;
  requestProblemInformation: boolean;
  requestResponseInformation: boolean;
  /** Enhanced authentication that begins here (4.12); `data` is a view of the packet. */
  authentication: { method: string; data: Uint8Array | undefined } | undefined;
  userProperties: [string, string][];
}

export interface WillLimits {
  maxTopicLevels: number;
  maxTopicBytes: number;
}

const USERNAME = 0x80;
const PASSWORD = 0x40;
const WILL_RETAIN = 0x20;
const WILL_QOS = 0x18;
const WILL_FLAG = 0x04;
const CLEAN = 0x02;
const RESERVED = 0x01;

/** 3.x without a clean session: it never expires by itself. */
const NEVER = 0xffffffff;

/** What was read of a CONNECT: all of it, or what says how its fault can be answered. */
export type DecodedConnect = ({ packet: ConnectPacket; fault: null } | { packet: null; fault: Fault }) & {
  /** Protocol version; 0 if it could not be read. */
  version: number;
  /** Largest packet the client takes; 0 if it did not say, or not before the fault. */
  maximumPacketSize: number;
};

/** Decodes `buffer[start, end)`, the body of a CONNECT. */
export function decodeConnect(
  buffer: Buffer,
  start: number,
  end: number,
  limits: WillLimits,
): DecodedConnect {
  const reader = new FieldReader(buffer, start, end);
  const packet = emptyConnect();
  let version = 0;
  const result = decodeOr(() => {
    const level = readLevel(reader);
    version = level;
    if (level !== 3 && level !== 4 && level !== 5) {
      version = answeredAs(level);
      throw new FaultError(Faults.PROTOCOL_VERSION);
    }
    packet.protocolVersion = level;
    readConnect(reader, packet, limits);
    return packet;
  });
  const { maximumPacketSize } = packet;
  return result.fault === null
    ? { packet, fault: null, version, maximumPacketSize }
    : { packet: null, fault: result.fault, version, maximumPacketSize };
}

/** The protocol level; 0 for one that does not go with the protocol name. */
function readLevel(reader: FieldReader): number {
  const length = reader.two();
  if (length !== 4 && length !== 6) throw new FaultError(Faults.PROTOCOL_NAME);
  reader.at -= 2;
  const name = reader.binary().toString('latin1');
  if (name !== 'MQTT' && name !== 'MQIsdp') throw new FaultError(Faults.PROTOCOL_NAME);
  const level = reader.byte();
  return (level === 3) === (name === 'MQIsdp') ? level : 0;
}

/**
 * The version whose CONNACK tells a client that its level is not spoken. One of the past, and a bridge that sets the
 * highest bit, read that of 3.1.1 [MQTT-3.1.2-2 of 3.1.1]; one of the future can be expected to know that of MQTT 5.
 */
function answeredAs(level: number): ProtocolVersion {
  return (level & 0x7f) < 5 ? 4 : 5;
}

function emptyConnect(): ConnectPacket {
  return {
    protocolVersion: 5,
    cleanStart: true,
    keepAlive: 0,
    clientId: '',
    username: undefined,
    password: undefined,
    will: undefined,
    sessionExpiry: 0,
    receiveMaximum: 65535,
    maximumPacketSize: 0,
    topicAliasMaximum: 0,
    requestProblemInformation: true,
    requestResponseInformation: false,
    authentication: undefined,
    userProperties: [],
  };
}

function readConnect(reader: FieldReader, packet: ConnectPacket, limits: WillLimits): void {
  const { protocolVersion: version } = packet;
  const flags = reader.byte();
  checkFlags(flags, version);
  packet.keepAlive = reader.two();
  const cleanStart = (flags & CLEAN) !== 0;
  packet.cleanStart = cleanStart;
  if (version === 5) readProperties(reader, packet);
  else packet.sessionExpiry = cleanStart ? 0 : NEVER;
  packet.clientId = reader.string();
  if (packet.clientId === '' && (version === 3 || (version === 4 && !cleanStart))) {
    throw new FaultError(Faults.CLIENT_ID_EMPTY);
  }
  if ((flags & WILL_FLAG) !== 0) packet.will = readWill(reader, version, flags, limits);
  if ((flags & USERNAME) !== 0) packet.username = reader.string();
  if ((flags & PASSWORD) !== 0) packet.password = reader.binary();
  if (!reader.done) throw new FaultError(Faults.TRAILING_BYTES);
}

function checkFlags(flags: number, version: ProtocolVersion): void {
  const will = (flags & WILL_FLAG) !== 0;
  const wrong =
    (flags & RESERVED) !== 0 ||
    (!will && (flags & (WILL_QOS | WILL_RETAIN)) !== 0) ||
    (flags & WILL_QOS) === WILL_QOS ||
    // MQTT 5 lets a password stand alone [MQTT-3.1.2-22 of 3.1.1].
    (version !== 5 && (flags & PASSWORD) !== 0 && (flags & USERNAME) === 0);
  if (wrong) throw new FaultError(Faults.CONNECT_FLAGS);
}

function readProperties(reader: FieldReader, packet: ConnectPacket): void {
  const { buffer } = reader;
  const scanner = new PropertyScanner();
  reader.check(scanner.scan(buffer, reader.at, reader.end, PacketType.CONNECT));
  reader.at = scanner.end;
  // First: it bounds the answer to what is wrong with the others.
  packet.maximumPacketSize = scanner.number(buffer, PropertyId.MAXIMUM_PACKET_SIZE, 0);
  if (packet.maximumPacketSize === 0 && scanner.has(PropertyId.MAXIMUM_PACKET_SIZE)) {
    throw new FaultError(Faults.MAXIMUM_PACKET_SIZE_ZERO);
  }
  readAuthentication(scanner, buffer, packet);
  packet.sessionExpiry = scanner.number(buffer, PropertyId.SESSION_EXPIRY, 0);
  packet.receiveMaximum = scanner.number(buffer, PropertyId.RECEIVE_MAXIMUM, 65535);
  if (packet.receiveMaximum === 0) throw new FaultError(Faults.RECEIVE_MAXIMUM_ZERO);
  packet.topicAliasMaximum = scanner.number(buffer, PropertyId.TOPIC_ALIAS_MAXIMUM, 0);
  packet.requestProblemInformation = scanner.number(buffer, PropertyId.REQUEST_PROBLEM_INFORMATION, 1) === 1;
  packet.requestResponseInformation =
    scanner.number(buffer, PropertyId.REQUEST_RESPONSE_INFORMATION, 0) === 1;
  if (scanner.has(PropertyId.USER_PROPERTY)) {
    packet.userProperties = readUserProperties(buffer, scanner.start, scanner.end);
  }
}

function readAuthentication(scanner: PropertyScanner, buffer: Buffer, packet: ConnectPacket): void {
  const method = scanner.text(buffer, PropertyId.AUTHENTICATION_METHOD);
  const data = scanner.binary(buffer, PropertyId.AUTHENTICATION_DATA);
  if (method !== undefined) packet.authentication = { method, data };
  else if (data !== undefined) throw new FaultError(Faults.AUTHENTICATION_DATA);
}

function readWill(
  reader: FieldReader,
  version: ProtocolVersion,
  flags: number,
  { maxTopicLevels, maxTopicBytes }: WillLimits,
): Will {
  const { buffer } = reader;
  let properties: Uint8Array = Buffer.alloc(0);
  let delay = 0;
  if (version === 5) {
    const scanner = new PropertyScanner();
    reader.check(scanner.scan(buffer, reader.at, reader.end, WILL));
    reader.at = scanner.end;
    properties = buffer.subarray(scanner.start, scanner.end);
    const at = scanner.offset(PropertyId.WILL_DELAY);
    if (at >= 0) {
      delay = scanner.number(buffer, PropertyId.WILL_DELAY, 0);
      properties = withoutRange(buffer, scanner.start, scanner.end, at, at + 5);
    }
  }
  const topic = reader.string();
  if (Buffer.byteLength(topic) > maxTopicBytes) throw new FaultError(Faults.TOPIC_BYTES);
  if (topicNameProblem(topic) !== null) throw new FaultError(Faults.WILL_TOPIC);
  if (topicLevels(topic) > maxTopicLevels) throw new FaultError(Faults.TOPIC_LEVELS);
  const qos = (flags & WILL_QOS) >> 3;
  return {
    topic,
    payload: reader.binary(),
    qos: qos === 0 ? 0 : qos === 1 ? 1 : 2,
    retain: (flags & WILL_RETAIN) !== 0,
    properties,
    delay,
  };
}

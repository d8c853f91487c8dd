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

/**
 * Decodes `buffer[start, end)`, the body of a CONNECT. `version` is the protocol version as far as it could be read (0:
 * not at all), which says how a fault can be answered.
 */
export function decodeConnect(
  buffer: Buffer,
  start: number,
  end: number,
  limits: WillLimits,
): { packet: ConnectPacket; fault: null; version: number } | { packet: null; fault: Fault; version: number } {
  const reader = new FieldReader(buffer, start, end);
  let version = 0;
  const result = decodeOr(() => {
    version = readVersion(reader);
    return readConnect(reader, version === 3 || version === 4 ? version : 5, limits);
  });
  return result.fault === null
    ? { packet: result.value, fault: null, version }
    : { packet: null, fault: result.fault, version };
}

function readVersion(reader: FieldReader): number {
  const length = reader.two();
  if (length !== 4 && length !== 6) throw new FaultError(Faults.PROTOCOL_NAME);
  reader.at -= 2;
  const name = reader.binary().toString('latin1');
  const version = reader.byte();
  if (name === 'MQTT') {
    if (version !== 4 && version !== 5) throw new FaultError(Faults.PROTOCOL_VERSION);
  } else if (name !== 'MQIsdp') {
    throw new FaultError(Faults.PROTOCOL_NAME);
  } else if (version !== 3) {
    throw new FaultError(Faults.PROTOCOL_VERSION);
  }
  return version;
}

function readConnect(reader: FieldReader, version: ProtocolVersion, limits: WillLimits): ConnectPacket {
  const flags = reader.byte();
  checkFlags(flags, version);
  const keepAlive = reader.two();
  const cleanStart = (flags & CLEAN) !== 0;
  const packet: ConnectPacket = {
    protocolVersion: version,
    cleanStart,
    keepAlive,
    clientId: '',
    username: undefined,
    password: undefined,
    will: undefined,
    sessionExpiry: cleanStart ? 0 : NEVER,
    receiveMaximum: 65535,
    maximumPacketSize: 0,
    topicAliasMaximum: 0,
    requestProblemInformation: true,
    userProperties: [],
  };
  if (version === 5) readProperties(reader, packet);
  packet.clientId = reader.string();
  if (packet.clientId === '' && (version === 3 || (version === 4 && !cleanStart))) {
    throw new FaultError(Faults.CLIENT_ID_EMPTY);
  }
  if ((flags & WILL_FLAG) !== 0) packet.will = readWill(reader, version, flags, limits);
  if ((flags & USERNAME) !== 0) packet.username = reader.string();
  if ((flags & PASSWORD) !== 0) packet.password = reader.binary();
  if (!reader.done) throw new FaultError(Faults.TRAILING_BYTES);
  return packet;
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
  if (scanner.has(PropertyId.AUTHENTICATION_METHOD)) throw new FaultError(Faults.AUTHENTICATION);
  if (scanner.has(PropertyId.AUTHENTICATION_DATA)) throw new FaultError(Faults.PROPERTY_FOREIGN);
  packet.sessionExpiry = scanner.number(buffer, PropertyId.SESSION_EXPIRY, 0);
  packet.receiveMaximum = scanner.number(buffer, PropertyId.RECEIVE_MAXIMUM, 65535);
  if (packet.receiveMaximum === 0) throw new FaultError(Faults.RECEIVE_MAXIMUM_ZERO);
  packet.maximumPacketSize = scanner.number(buffer, PropertyId.MAXIMUM_PACKET_SIZE, 0);
  if (packet.maximumPacketSize === 0 && scanner.has(PropertyId.MAXIMUM_PACKET_SIZE)) {
    throw new FaultError(Faults.MAXIMUM_PACKET_SIZE_ZERO);
  }
  packet.topicAliasMaximum = scanner.number(buffer, PropertyId.TOPIC_ALIAS_MAXIMUM, 0);
  packet.requestProblemInformation = scanner.number(buffer, PropertyId.REQUEST_PROBLEM_INFORMATION, 1) === 1;
  if (scanner.has(PropertyId.USER_PROPERTY)) {
    packet.userProperties = readUserProperties(buffer, scanner.start, scanner.end);
  }
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

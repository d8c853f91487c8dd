import type { ProtocolVersion } from '../engine/mqtt-engine.ts';
import { PacketType } from './packet-type.ts';
import { PropertyId } from './property.ts';
import { variableBytes, writeVariable } from './server-packet.ts';

/** What CONNACK tells a client that is accepted (3.2). */
export interface Acceptance {
  version: ProtocolVersion;
  limits: { topicAliasMaximum: number; maxPacketBytes: number; receiveMaximum: number };
  /** Empty if the client brought its own. */
  assignedClientId: string;
  sessionPresent: boolean;
  /** Seconds that the session outlives the connection, if not what the client asked for; undefined: it is. */
  sessionExpiry: number | undefined;
  /** In seconds, if it is not the client's; 0: it is. */
  serverKeepAlive: number;
}

const RECEIVE_MAXIMUM_IF_ABSENT = 65535;

/** CONNACK with success; MQTT 5 also learns what the server offers. What it offers in full needs no word. */
export function encodeAcceptance({
  version,
  limits,
  assignedClientId,
  sessionPresent,
  sessionExpiry,
  serverKeepAlive,
}: Acceptance): Buffer {
  const flags = sessionPresent ? 1 : 0;
  if (version !== 5) return Buffer.from([PacketType.CONNACK << 4, 2, flags, 0]);
  const { topicAliasMaximum, maxPacketBytes, receiveMaximum } = limits;
  const properties: Buffer[] = [];
  if (topicAliasMaximum > 0) properties.push(two(PropertyId.TOPIC_ALIAS_MAXIMUM, topicAliasMaximum));
  properties.push(four(PropertyId.MAXIMUM_PACKET_SIZE, maxPacketBytes));
  if (receiveMaximum !== RECEIVE_MAXIMUM_IF_ABSENT) {
    properties.push(two(PropertyId.RECEIVE_MAXIMUM, receiveMaximum));
  }
  if (sessionExpiry !== undefined) properties.push(four(PropertyId.SESSION_EXPIRY, sessionExpiry));
  if (serverKeepAlive > 0) properties.push(two(PropertyId.SERVER_KEEP_ALIVE, serverKeepAlive));
  if (assignedClientId !== '') {
    properties.push(string(PropertyId.ASSIGNED_CLIENT_IDENTIFIER, assignedClientId));
  }
  const block = Buffer.concat(properties);
  const body = 2 + variableBytes(block.length) + block.length;
  const packet = Buffer.alloc(1 + variableBytes(body) + body);
  packet[0] = PacketType.CONNACK << 4;
  let at = writeVariable(packet, 1, body);
  packet[at] = flags;
  // Behind the flags stands the reason code, 0.
  at = writeVariable(packet, at + 2, block.length);
  block.copy(packet, at);
  return packet;
}

function two(id: number, value: number): Buffer {
  return Buffer.from([id, value >> 8, value & 0xff]);
}

function four(id: number, value: number): Buffer {
  const property = Buffer.allocUnsafe(5);
  property[0] = id;
  property.writeUInt32BE(value, 1);
  return property;
}

function string(id: number, value: string): Buffer {
  const bytes = Buffer.from(value, 'utf8');
  return Buffer.concat([Buffer.from([id, bytes.length >> 8, bytes.length & 0xff]), bytes]);
}

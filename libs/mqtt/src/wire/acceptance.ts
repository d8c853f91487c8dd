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
  /** The client asked for a session that outlives its connection, and does not get one [MQTT-3.2.2-3.2]. */
  isExpiryRefused: boolean;
  /** In seconds, if it is not the client's; 0: it is. */
  serverKeepAlive: number;
}

const RECEIVE_MAXIMUM_IF_ABSENT = 65535;

/** CONNACK with success, session present 0; MQTT 5 also learns what the server offers. */
export function encodeAcceptance({
  version,
  limits,
  assignedClientId,
  isExpiryRefused,
  serverKeepAlive,
}: Acceptance): Buffer {
  if (version !== 5) return Buffer.from([PacketType.CONNACK << 4, 2, 0, 0]);
  const { topicAliasMaximum, maxPacketBytes, receiveMaximum } = limits;
  const properties: Buffer[] = [Buffer.from([PropertyId.SHARED_SUBSCRIPTION_AVAILABLE, 0])];
  if (topicAliasMaximum > 0) properties.push(two(PropertyId.TOPIC_ALIAS_MAXIMUM, topicAliasMaximum));
  properties.push(four(PropertyId.MAXIMUM_PACKET_SIZE, maxPacketBytes));
  if (receiveMaximum !== RECEIVE_MAXIMUM_IF_ABSENT) {
    properties.push(two(PropertyId.RECEIVE_MAXIMUM, receiveMaximum));
  }
  if (isExpiryRefused) properties.push(four(PropertyId.SESSION_EXPIRY, 0));
  if (serverKeepAlive > 0) properties.push(two(PropertyId.SERVER_KEEP_ALIVE, serverKeepAlive));
  if (assignedClientId !== '') {
    properties.push(string(PropertyId.ASSIGNED_CLIENT_IDENTIFIER, assignedClientId));
  }
  const block = Buffer.concat(properties);
  const body = 2 + variableBytes(block.length) + block.length;
  const packet = Buffer.alloc(1 + variableBytes(body) + body);
  packet[0] = PacketType.CONNACK << 4;
  // Acknowledge flags and reason code, both 0, stand between.
  const at = writeVariable(packet, writeVariable(packet, 1, body) + 2, block.length);
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

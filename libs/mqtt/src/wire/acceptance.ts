import type { ProtocolVersion } from '../engine/mqtt-engine.ts';
import { PacketType } from './packet-type.ts';
import {
  binaryProperty,
  encodePacket,
  fourByteProperty,
  textProperty,
  twoByteProperty,
} from './property-writer.ts';
import { PropertyId } from './property.ts';

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
  /** The method of the CONNECT and the last word of the exchange [MQTT-4.12.0-5]; undefined: none. */
  authentication: { method: string; data: Uint8Array | undefined } | undefined;
  /** Where the client may have its responses sent (3.2.2.3.14); empty: not asked for, or none. */
  responseInformation: string;
}

const RECEIVE_MAXIMUM_IF_ABSENT = 65535;

/**
 * CONNACK with success; MQTT 5 also learns what the server offers. What it offers in full needs no word.
 * @param maxBytes the client's Maximum Packet Size, 0: none
 * @returns null if the client does not take a packet of its size
 */
export function encodeAcceptance(acceptance: Acceptance, maxBytes: number): Buffer | null {
  const { version, sessionPresent, responseInformation } = acceptance;
  const flags = sessionPresent ? 1 : 0;
  if (version !== 5) return Buffer.from([PacketType.CONNACK << 4, 2, flags, 0]);
  const optional =
    responseInformation === '' ? [] : [textProperty(PropertyId.RESPONSE_INFORMATION, responseInformation)];
  const properties = propertiesOf(acceptance);
  return encodePacket({ first: PacketType.CONNACK << 4, head: [flags, 0], properties, optional }, maxBytes);
}

function propertiesOf(acceptance: Acceptance): Buffer[] {
  const { limits, sessionExpiry, serverKeepAlive, assignedClientId, authentication } = acceptance;
  const { topicAliasMaximum, maxPacketBytes, receiveMaximum } = limits;
  const properties: Buffer[] = [];
  if (topicAliasMaximum > 0) {
    properties.push(twoByteProperty(PropertyId.TOPIC_ALIAS_MAXIMUM, topicAliasMaximum));
  }
  properties.push(fourByteProperty(PropertyId.MAXIMUM_PACKET_SIZE, maxPacketBytes));
  if (receiveMaximum !== RECEIVE_MAXIMUM_IF_ABSENT) {
    properties.push(twoByteProperty(PropertyId.RECEIVE_MAXIMUM, receiveMaximum));
  }
  if (sessionExpiry !== undefined) {
    properties.push(fourByteProperty(PropertyId.SESSION_EXPIRY, sessionExpiry));
  }
  if (serverKeepAlive > 0) properties.push(twoByteProperty(PropertyId.SERVER_KEEP_ALIVE, serverKeepAlive));
  if (assignedClientId !== '') {
    properties.push(textProperty(PropertyId.ASSIGNED_CLIENT_IDENTIFIER, assignedClientId));
  }
  if (authentication !== undefined) {
    properties.push(textProperty(PropertyId.AUTHENTICATION_METHOD, authentication.method));
    if (authentication.data !== undefined) {
      properties.push(binaryProperty(PropertyId.AUTHENTICATION_DATA, authentication.data));
    }
  }
  return properties;
}

import type { OutboundPublish, ProtocolVersion } from '../engine/mqtt-engine.ts';
import { PacketType } from './packet-type.ts';
import { PropertyId } from './property.ts';
import { variableBytes, writeVariable } from './variable-integer.ts';

/** Payloads up to here are copied behind their header, so that a delivery is one buffer and one write. */
const COPY_LIMIT = 4096;

/** Bytes of a PUBLISH on the wire, to hold against a client's Maximum Packet Size [MQTT-3.1.2-24]. */
export function publishWireBytes(version: ProtocolVersion, publish: OutboundPublish): number {
  const body = bodyBytes(version, publish, Buffer.byteLength(publish.topic), 0);
  return 1 + variableBytes(body) + body;
}

/** Bytes that a Topic Alias adds to a PUBLISH, not counting that its property length may take another one. */
export const TOPIC_ALIAS_BYTES = 3;

/**
 * Encodes a delivery: one buffer, or for a large payload its header and the payload as it is. The property block is
 * copied unchanged, so user properties keep their order [MQTT-3.3.2-18].
 *
 * @param alias Topic Alias to send, 0 for none; with an empty topic in `publish` it stands for the topic
 */
export function encodePublish(version: ProtocolVersion, publish: OutboundPublish, alias = 0): Uint8Array[] {
  const { topic, payload, qos } = publish;
  const topicBytes = Buffer.byteLength(topic);
  const body = bodyBytes(version, publish, topicBytes, alias);
  const copy = payload.length <= COPY_LIMIT;
  const total = 1 + variableBytes(body) + body;
  const packet = Buffer.allocUnsafe(copy ? total : total - payload.length);
  packet[0] =
    (PacketType.PUBLISH << 4) | (publish.dup && qos > 0 ? 8 : 0) | (qos << 1) | (publish.retain ? 1 : 0);
  let at = writeVariable(packet, 1, body);
  at = packet.writeUInt16BE(topicBytes, at);
  at += packet.write(topic, at, 'utf8');
  if (qos > 0) at = packet.writeUInt16BE(publish.packetId, at);
  if (version === 5) at = writeProperties(packet, at, publish, alias);
  if (!copy) return [packet, payload];
  packet.set(payload, at);
  return [packet];
}

function bodyBytes(
  version: ProtocolVersion,
  publish: OutboundPublish,
  topicBytes: number,
  alias: number,
): number {
  const fixed = 2 + topicBytes + (publish.qos > 0 ? 2 : 0) + publish.payload.length;
  if (version !== 5) return fixed;
  const properties = propertyBytes(publish, alias);
  return fixed + variableBytes(properties) + properties;
}

function propertyBytes(publish: OutboundPublish, alias: number): number {
  let bytes = publish.properties.length + (alias > 0 ? TOPIC_ALIAS_BYTES : 0);
  for (const identifier of publish.subscriptionIdentifiers) bytes += 1 + variableBytes(identifier);
  return bytes;
}

function writeProperties(packet: Buffer, at: number, publish: OutboundPublish, alias: number): number {
  at = writeVariable(packet, at, propertyBytes(publish, alias));
  if (alias > 0) {
    packet[at++] = PropertyId.TOPIC_ALIAS;
    at = packet.writeUInt16BE(alias, at);
  }
  packet.set(publish.properties, at);
  at += publish.properties.length;
  for (const identifier of publish.subscriptionIdentifiers) {
    packet[at++] = PropertyId.SUBSCRIPTION_IDENTIFIER;
    at = writeVariable(packet, at, identifier);
  }
  return at;
}

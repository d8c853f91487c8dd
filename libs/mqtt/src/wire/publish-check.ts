import { isUtf8 } from 'node:buffer';
import { HASH, PLUS, SLASH } from '../topic-name.ts';
import { Faults, type Fault } from './fault.ts';
import { PropertyId, PropertyScanner } from './property.ts';
import { PacketType } from './packet-type.ts';
import { checkString } from './utf8.ts';

const EMPTY = Buffer.alloc(0);

/**
 * Checks one PUBLISH of a client without copying anything. For MQTT 3.x that is one pass over the topic; for MQTT 5
 * also over the property block, which is then in `properties`.
 */
export class PublishCheck {
  readonly maxTopicLevels: number;
  readonly maxTopicBytes: number;
  readonly topicAliasMaximum: number;
  /** The raw property block of the last PUBLISH checked, without Topic Alias. */
  properties: Uint8Array = EMPTY;
  /** Its Topic Alias; 0: none. */
  topicAlias = 0;
  readonly #scanner = new PropertyScanner();

  constructor(limits: { maxTopicLevels: number; maxTopicBytes: number; topicAliasMaximum: number }) {
    this.maxTopicLevels = limits.maxTopicLevels;
    this.maxTopicBytes = limits.maxTopicBytes;
    this.topicAliasMaximum = limits.topicAliasMaximum;
  }

  /** `at` is the offset of the topic's length, `end` that of the packet's end, `first` the packet's first byte. */
  check(buffer: Buffer, at: number, end: number, first: number, version: number): Fault | null {
    const qos = (first >> 1) & 3;
    if (qos === 3) return Faults.QOS_3;
    if (qos === 0 && (first & 8) !== 0) return Faults.DUP_AT_QOS_0;
    if (at + 2 > end) return Faults.TRUNCATED;
    const topicStart = at + 2;
    const topicEnd = topicStart + ((buffer[at]! << 8) | buffer[at + 1]!);
    if (topicEnd > end) return Faults.TRUNCATED;
    if (topicEnd - topicStart > this.maxTopicBytes) return Faults.TOPIC_BYTES;
    let levels = 1;
    let ascii = true;
    for (let i = topicStart; i < topicEnd; i++) {
      const byte = buffer[i]!;
      if (byte === SLASH) levels++;
      else if (byte === PLUS || byte === HASH) return Faults.TOPIC_WILDCARD;
      else if (byte === 0) return Faults.NUL;
      else if (byte >= 0x80) ascii = false;
    }
    if (!ascii && !isUtf8(buffer.subarray(topicStart, topicEnd))) return Faults.NOT_UTF8;
    if (levels > this.maxTopicLevels) return Faults.TOPIC_LEVELS;
    let next = topicEnd;
    if (qos !== 0) {
      if (next + 2 > end) return Faults.TRUNCATED;
      if (buffer[next] === 0 && buffer[next + 1] === 0) return Faults.PACKET_ID_ZERO;
      next += 2;
    }
    if (version === 5) return this.#properties(buffer, next, end, topicStart === topicEnd);
    return topicStart === topicEnd ? Faults.TOPIC_EMPTY : null;
  }

  #properties(buffer: Buffer, at: number, end: number, emptyTopic: boolean): Fault | null {
    this.topicAlias = 0;
    if (at < end && buffer[at] === 0 && !emptyTopic) {
      this.properties = EMPTY;
      return null;
    }
    const scanner = this.#scanner;
    const fault = scanner.scan(buffer, at, end, PacketType.PUBLISH);
    if (fault !== null) return fault;
    if (scanner.has(PropertyId.SUBSCRIPTION_IDENTIFIER)) return Faults.PUBLISH_SUBSCRIPTION_ID;
    const response = scanner.offset(PropertyId.RESPONSE_TOPIC);
    if (response >= 0 && !isResponseTopic(buffer, response)) return Faults.TOPIC_WILDCARD;
    const alias = scanner.offset(PropertyId.TOPIC_ALIAS);
    if (alias < 0) {
      if (emptyTopic) return Faults.TOPIC_EMPTY;
      this.properties = buffer.subarray(scanner.start, scanner.end);
      return null;
    }
    const number = buffer.readUInt16BE(alias + 1);
    if (number === 0 || number > this.topicAliasMaximum) return Faults.TOPIC_ALIAS;
    this.topicAlias = number;
    this.properties = withoutRange(buffer, scanner.start, scanner.end, alias, alias + 3);
    return null;
  }
}

/** A Response Topic is a topic name [MQTT-3.3.2-13, MQTT-3.3.2-14]. */
function isResponseTopic(buffer: Buffer, at: number): boolean {
  const end = at + 3 + buffer.readUInt16BE(at + 1);
  for (let i = at + 3; i < end; i++) {
    if (buffer[i] === PLUS || buffer[i] === HASH) return false;
  }
  return end > at + 3;
}

/** `buffer[start, end)` without `[from, to)`: a copy, or a view where the range lies at an edge. */
export function withoutRange(
  buffer: Buffer,
  start: number,
  end: number,
  from: number,
  to: number,
): Uint8Array {
  if (from === start) return buffer.subarray(to, end);
  if (to === end) return buffer.subarray(start, from);
  return Buffer.concat([buffer.subarray(start, from), buffer.subarray(to, end)]);
}

/** Checks a string that must be a topic name: not empty, no wildcards, UTF-8 without U+0000. */
export function checkTopicName(buffer: Buffer, start: number, end: number, empty: Fault): Fault | null {
  if (start === end) return empty;
  for (let i = start; i < end; i++) {
    if (buffer[i] === PLUS || buffer[i] === HASH) return empty;
  }
  return checkString(buffer, start, end);
}

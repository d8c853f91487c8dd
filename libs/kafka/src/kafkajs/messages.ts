import type { Message } from 'kafkajs';
import type { ProducedRecord } from '../produced-record.ts';

/** A record as kafkajs takes it. */
export function message({ key, value, headers, timestampMs, partition }: ProducedRecord): Message {
  return {
    key: key === null ? null : buffer(key),
    value: value === null ? null : buffer(value),
    partition,
    timestamp: String(timestampMs),
    headers: headerObject(headers),
  };
}

/**
 * kafkajs takes headers as an object: values of one name stay in order, but stand where the name stood first, and
 * names that look like integers move to the front.
 */
function headerObject(headers: ProducedRecord['headers']): Record<string, Buffer | Buffer[]> {
  // Names come from devices: an object with a prototype would take __proto__ for one.
  const object = Object.create(null) as Record<string, Buffer | Buffer[]>;
  for (const [name, bytes] of headers) {
    const before = object[name];
    if (before === undefined) object[name] = buffer(bytes);
    else if (Array.isArray(before)) before.push(buffer(bytes));
    else object[name] = [before, buffer(bytes)];
  }
  return object;
}

function buffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

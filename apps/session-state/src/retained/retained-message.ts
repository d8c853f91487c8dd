import {
  decodePublishProperties,
  DeliveryBatch,
  DeliveryBatchWriter,
  openRow,
  type RowView,
} from '@tributary/contracts';
import type { Stamp } from './stamp.ts';

/** The last retained message of a topic, or the fact that it was cleared. */
export interface RetainedMessage {
  topic: string;
  stamp: Stamp;
  /** The row of the log, verbatim; a tombstone's has an empty payload. */
  message: RowView;
  tombstone: boolean;
  /** When it expires, milliseconds since the epoch; Infinity if never. */
  expiresAtMs: number;
}

export function retainedMessage(topic: string, stamp: Stamp, message: RowView): RetainedMessage {
  // An empty retained message clears the topic [MQTT-3.3.1-6].
  const tombstone = message.payload.length === 0;
  return { topic, stamp, message, tombstone, expiresAtMs: expiry(message) };
}

/** What it costs to keep, roughly, in bytes. */
export function retainedBytes({ topic, message }: RetainedMessage): number {
  return 300 + topic.length * 2 + message.bytes.length;
}

function expiry(message: RowView): number {
  const { properties } = message;
  if (properties.length === 0) return Infinity;
  const { messageExpiry } = decodePublishProperties(properties);
  return messageExpiry === undefined ? Infinity : message.receivedMs + messageExpiry * 1_000;
}

/**
 * How a retained message is stored in its bucket: a delivery batch with the message, no recipients, and the
 * partition as channel; so it carries a checksum, and the row stays as it was in the log.
 */
export function encodeRetained({ stamp, message }: RetainedMessage): Uint8Array {
  const { partition, logSequence, row } = stamp;
  const writer = new DeliveryBatchWriter();
  writer.append({ logSequence, row, message: message.bytes, recipients: [] });
  return writer.finish({ channel: partition, epoch: 0, number: 0, logSequence });
}

/** @throws ContractError if the bytes are no stored retained message. */
export function decodeRetained(bytes: Uint8Array): RetainedMessage {
  const batch = DeliveryBatch.open(bytes);
  const { logSequence, row, message } = batch.row(0);
  // A copy, so that one message does not keep the whole network buffer alive.
  const own = openRow(Buffer.from(message.bytes));
  const stamp = { receivedMs: own.receivedMs, partition: batch.info.channel, logSequence, row };
  return retainedMessage(own.topic, stamp, own);
}

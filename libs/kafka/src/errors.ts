import type { OffsetRange } from './producer-driver.ts';
import { protocolErrorMeaning } from './protocol-errors.ts';

/**
 * Stable codes of failures that are not an answer of a broker. An answer of a broker has the protocol's name of the error
 * as its code, for example `message-too-large` or `unknown-topic-or-partition`.
 */
export const KafkaErrorCode = {
  /** No broker reachable, or a connection was lost. */
  connection: 'connection',
  /** A broker did not answer within the request timeout. */
  requestTimeout: 'request-timeout',
  /** Retrying within one send came to its end; whether the records were stored is unknown. */
  deliveryTimeout: 'delivery-timeout',
  /** The broker refused the credentials, or the SASL exchange or TLS handshake failed. */
  authentication: 'authentication',
  /** The broker lacks a request or version that is needed. */
  unsupported: 'unsupported',
  /** A partition that was sent to has no offset in the result. */
  offsetMissing: 'offset-missing',
  /** The record names a partition the topic does not have. */
  unknownPartition: 'unknown-partition',
  /** The record cannot be written in the wire format (a timestamp that is no integer, a negative partition ...). */
  invalidRecord: 'invalid-record',
  /** Used after a failed send: discard it and create a new driver. */
  driverFailed: 'driver-failed',
  /** Used before connect() or after close(). */
  driverClosed: 'driver-closed',
  /** A second send while one is in flight. */
  sendInFlight: 'send-in-flight',
  /** The driver came near 2^31 records and must be replaced. */
  sequenceExhausted: 'sequence-exhausted',
  /** A topic exists with settings that Tributary cannot work with. */
  topicSettings: 'topic-settings',
  /** A record of the positions topic cannot be read. */
  positionUnreadable: 'position-unreadable',
  /** The client library failed in a way it does not classify. */
  client: 'client',
} as const;

export interface KafkaErrorFields {
  readonly code: string;
  readonly retryable?: boolean;
  readonly topic?: string | undefined;
  readonly partition?: number | undefined;
  /** Index, within the call's records, of the record at fault. */
  readonly recordIndex?: number | undefined;
  readonly recordFault?: boolean;
  readonly topicFault?: boolean;
  /** What the failed send is known to have stored all the same. */
  readonly stored?: readonly OffsetRange[] | undefined;
  readonly cause?: unknown;
}

/**
 * Every failure of this package. Decide on `code` and the flags, never on the message.
 *
 * - `retryable`: the same records may be sent again, by a new driver, and can succeed.
 * - `recordFault`: at least one record of `topic`/`partition` will be refused for ever. Where the broker
 *   said which one, `recordIndex` has it; otherwise the records of that partition, or, where `topic` is missing too, all, are to be tried in smaller parts.
 * - `topicFault`: the topic is unknown, forbidden or has an impossible name.
 */
export class KafkaDriverError extends Error {
  override readonly name = 'KafkaDriverError';
  readonly code: string;
  readonly retryable: boolean;
  readonly topic: string | undefined;
  readonly partition: number | undefined;
  readonly recordIndex: number | undefined;
  readonly recordFault: boolean;
  readonly topicFault: boolean;
  readonly stored: readonly OffsetRange[];

  constructor(message: string, fields: KafkaErrorFields) {
    super(message, fields.cause === undefined ? undefined : { cause: fields.cause });
    this.code = fields.code;
    this.retryable = fields.retryable ?? false;
    this.topic = fields.topic;
    this.partition = fields.partition;
    this.recordIndex = fields.recordIndex;
    this.recordFault = fields.recordFault ?? false;
    this.topicFault = fields.topicFault ?? false;
    this.stored = fields.stored ?? [];
  }
}

/** The error for an error code that a broker answered. */
export function brokerError(
  protocolCode: number,
  where: Omit<KafkaErrorFields, 'code' | 'retryable' | 'recordFault' | 'topicFault'> & {
    detail?: string | undefined;
  },
): KafkaDriverError {
  const { name, ...flags } = protocolErrorMeaning(protocolCode);
  const { detail, ...fields } = where;
  const place =
    fields.topic === undefined
      ? ''
      : ` for ${fields.topic}${fields.partition === undefined ? '' : `/${fields.partition}`}`;
  return new KafkaDriverError(`Kafka answered ${name}${place}${detail ? `: ${detail}` : ''}`, {
    ...fields,
    ...flags,
    code: name.toLowerCase().replaceAll('_', '-'),
  });
}

/** The error for a partition that the topic does not have; its count is worth asking for again. */
export function unknownPartition(topic: string, partition: number, count: number): KafkaDriverError {
  return new KafkaDriverError(`${topic} has ${count} partitions, not partition ${partition}`, {
    code: KafkaErrorCode.unknownPartition,
    retryable: true,
    topicFault: true,
    topic,
    partition,
  });
}

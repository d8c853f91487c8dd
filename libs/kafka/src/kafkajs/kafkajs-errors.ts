import kafkajs from 'kafkajs';
import { brokerError, KafkaDriverError, KafkaErrorCode } from '../errors.ts';

const {
  KafkaJSConnectionError,
  KafkaJSError,
  KafkaJSLockTimeout,
  KafkaJSProtocolError,
  KafkaJSRequestTimeoutError,
  KafkaJSSASLAuthenticationError,
  KafkaJSServerDoesNotSupportApiKey,
} = kafkajs;

export interface Place {
  readonly topic?: string | undefined;
  readonly partition?: number | undefined;
  readonly recordIndex?: number | undefined;
}

/** What kafkajs threw, as this package's error. The root cause counts. */
export function fromKafkajs(thrown: unknown, place: Place = {}): KafkaDriverError {
  if (thrown instanceof KafkaDriverError) return thrown;
  const root = rootCause(thrown);
  if (root instanceof KafkaDriverError) return root;
  if (root instanceof KafkaJSProtocolError) return brokerError(root.code, { ...place, cause: root });
  const [code, retryable] = classify(root);
  const text = root instanceof Error ? root.message : String(root);
  return new KafkaDriverError(`Kafka client: ${text}`, { ...place, code, retryable, cause: root });
}

/** kafkajs wraps what ended its retries, sometimes twice. */
export function rootCause(thrown: unknown): unknown {
  let error = thrown;
  while (
    error instanceof KafkaJSError &&
    !(error instanceof KafkaJSProtocolError) &&
    error.cause instanceof Error
  ) {
    error = error.cause;
  }
  return error;
}

function classify(root: unknown): [code: string, retryable: boolean] {
  if (root instanceof KafkaJSRequestTimeoutError) return [KafkaErrorCode.requestTimeout, true];
  if (root instanceof KafkaJSConnectionError) return [KafkaErrorCode.connection, true];
  if (root instanceof KafkaJSSASLAuthenticationError) return [KafkaErrorCode.authentication, false];
  if (root instanceof KafkaJSServerDoesNotSupportApiKey) return [KafkaErrorCode.unsupported, false];
  // A lock that was not obtained in time hides a request that is still waiting for its answer.
  if (root instanceof KafkaJSLockTimeout) return [KafkaErrorCode.requestTimeout, true];
  return [KafkaErrorCode.client, root instanceof KafkaJSError ? root.retriable : false];
}

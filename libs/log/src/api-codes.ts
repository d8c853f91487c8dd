import { JetStreamApiError } from '@nats-io/jetstream';

/** The err_code values of the JetStream API that we act on (nats-server, server/errors.json). */
export const ApiCode = {
  streamNotFound: 10059,
  streamNameInUse: 10058,
  wrongLastSequence: 10071,
  /** Sent instead by a cluster, without the sequence, while another write to the subject is under way. */
  wrongLastSequenceConstant: 10164,
  messageNotFound: 10037,
  maximumBytes: 10077,
  /** Fewer servers are there than a stream is to have replicas. */
  noSuitablePeers: 10005,
  streamOffline: 10118,
} as const;

export function isApiError(error: unknown, code: number): error is JetStreamApiError {
  return error instanceof JetStreamApiError && error.code === code;
}

/** The sequence (in a bucket: the revision) that a write expected is not the last one, or will not be in a moment. */
export function isWrongLastSequence(error: unknown): error is JetStreamApiError {
  return isApiError(error, ApiCode.wrongLastSequence) || isApiError(error, ApiCode.wrongLastSequenceConstant);
}

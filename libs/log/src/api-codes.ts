import { JetStreamApiError } from '@nats-io/jetstream';

/** The err_code values of the JetStream API that we act on (nats-server, server/errors.json). */
export const ApiCode = {
  streamNotFound: 10059,
  streamNameInUse: 10058,
  wrongLastSequence: 10071,
  messageNotFound: 10037,
  maximumBytes: 10077,
} as const;

export function isApiError(error: unknown, code: number): error is JetStreamApiError {
  return error instanceof JetStreamApiError && error.code === code;
}

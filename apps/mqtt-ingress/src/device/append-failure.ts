import { JetStreamApiError } from '@nats-io/jetstream';
import type { LogError } from '@tributary/log';
import { ReasonCode } from '@tributary/mqtt';

/** nats-server, server/errors.json: the stream has reached max_bytes. */
const MAXIMUM_BYTES = 10_077;

/** What an MQTT 5 device is told when its row did not reach the log. */
export function appendFailureReason(error: LogError): number {
  if (error.code === 'closed') return ReasonCode.USE_ANOTHER_SERVER;
  const full = error.cause instanceof JetStreamApiError && error.cause.code === MAXIMUM_BYTES;
  return full ? ReasonCode.QUOTA_EXCEEDED : ReasonCode.SERVER_BUSY;
}

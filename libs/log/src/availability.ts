import { JetStreamApiError } from '@nats-io/jetstream';
import { errors } from '@nats-io/transport-node';
import { ApiCode } from './api-codes.ts';
import { LogError } from './errors.ts';

const FOR_NOW: readonly number[] = [ApiCode.noSuitablePeers, ApiCode.streamOffline];
const SERVICE_UNAVAILABLE = 503;

/** Whether a request failed because servers are away or choose a leader at the moment: the same one may succeed soon. */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof JetStreamApiError) {
    return error.status === SERVICE_UNAVAILABLE || FOR_NOW.includes(error.code);
  }
  // A stream that was just added may be in use for its maker and missing for who asks, until its group has a leader.
  if (error instanceof LogError) return error.retryable;
  if (error instanceof errors.TimeoutError || error instanceof errors.NoRespondersError) return true;
  return error instanceof Error && isUnavailable(error.cause);
}

import { ApiCode, isApiError, type LogError } from '@tributary/log';
import { ReasonCode } from '@tributary/mqtt';

/** What an MQTT 5 device is told when its row did not reach the log. */
export function appendFailureReason(error: LogError): number {
  if (error.code === 'closed') return ReasonCode.USE_ANOTHER_SERVER;
  return isApiError(error.cause, ApiCode.maximumBytes) ? ReasonCode.QUOTA_EXCEEDED : ReasonCode.SERVER_BUSY;
}

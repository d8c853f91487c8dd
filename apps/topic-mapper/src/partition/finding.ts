import { LogError, type LogErrorCode } from '@tributary/log';
import { HaltError } from '../errors.ts';

/**
 * A reader's 'position-gap' is none of them: another owner that does not know yet that it is deposed may have written what
 * was removed. The next start reads OUT again and tells.
 */
const FINDINGS: ReadonlySet<LogErrorCode> = new Set([
  'position-beyond',
  'incarnation-unknown',
  'stream-differs',
]);

/** What somebody has to look at before the partition may go on. */
export function isFinding(error: unknown): error is HaltError | LogError {
  if (error instanceof HaltError) return true;
  return error instanceof LogError && FINDINGS.has(error.code);
}

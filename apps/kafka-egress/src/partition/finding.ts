import { LogError } from '@tributary/log';
import { HaltError } from '../errors.ts';

/**
 * What somebody has to look at before the partition may go on. A reader's 'position-gap' is not: another owner that does
 * not know yet that it is deposed may have committed and trimmed what was to be read. The next start reads the position
 * again and tells.
 */
export function isFinding(error: unknown): error is HaltError | LogError {
  if (error instanceof HaltError) return true;
  return error instanceof LogError && !error.retryable && error.code !== 'position-gap';
}

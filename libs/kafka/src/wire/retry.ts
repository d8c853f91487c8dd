import { setTimeout as sleep } from 'node:timers/promises';
import { KafkaDriverError } from '../errors.ts';

const FIRST_BACKOFF_MS = 50;
const LONGEST_BACKOFF_MS = 1_000;

/** Bounds of a retried operation. */
export interface RetryBounds {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Repeats an operation that changes nothing, or nothing twice, while it fails retryably and time is left. The last failure is thrown. */
export async function retried<T>(bounds: RetryBounds, operation: () => Promise<T>): Promise<T> {
  const end = performance.now() + bounds.timeoutMs;
  for (let backoff = FIRST_BACKOFF_MS; ; backoff = Math.min(backoff * 2, LONGEST_BACKOFF_MS)) {
    try {
      return await operation();
    } catch (error) {
      const again = error instanceof KafkaDriverError && error.retryable && !error.topicFault;
      if (!again || performance.now() + backoff > end) throw error;
    }
    await sleep(backoff, undefined, { signal: bounds.signal });
  }
}

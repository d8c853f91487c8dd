import { createRequire } from 'node:module';

interface RequestQueue {
  readonly pending: readonly unknown[];
  scheduleCheckPendingRequests(): void;
}

/**
 * After each answer kafkajs 2.2.4 sets a timer to look for requests that wait, also if there are none, and computes its
 * time from a throttle that never was: below zero, of which Node 24 warns, and taken for 1 ms. The timer sets itself
 * again, so every connection wakes the process a thousand times a second for nothing. No option is in its way, and the
 * class is not public; this leaves the timer out where nothing waits, and is nothing any more once kafkajs has changed.
 */
function leaveOutIdleTimers(queue: unknown): void {
  if (!isRequestQueueClass(queue)) return;
  const { prototype } = queue;
  const schedule = prototype.scheduleCheckPendingRequests;
  prototype.scheduleCheckPendingRequests = function (this: RequestQueue): void {
    if (this.pending.length > 0) schedule.call(this);
  };
}

function isRequestQueueClass(found: unknown): found is { prototype: RequestQueue } {
  if (typeof found !== 'function') return false;
  const prototype: unknown = found.prototype;
  return (
    typeof prototype === 'object' &&
    prototype !== null &&
    'scheduleCheckPendingRequests' in prototype &&
    typeof prototype.scheduleCheckPendingRequests === 'function'
  );
}

function requestQueueOfKafkajs(): unknown {
  try {
    return createRequire(import.meta.url)('kafkajs/src/network/requestQueue');
  } catch {
    return undefined;
  }
}

leaveOutIdleTimers(requestQueueOfKafkajs());

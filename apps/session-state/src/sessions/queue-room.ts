import { entryBytes, type QueueEntry } from './session.ts';

/** What one queue may hold, and what gives way when it is full. */
export interface QueueLimits {
  messages: number;
  bytes: number;
  whenFull: 'newest' | 'oldest';
}

export type QueueDrop = 'queue-full' | 'store-full' | 'expired' | 'no-member';

/** What all queues together hold, and what found no room. */
export class QueueRoom {
  readonly #maxBytes: number;
  readonly #onDropped: (reason: QueueDrop) => void;
  messages = 0;
  bytes = 0;

  constructor(maxBytes: number, onDropped: (reason: QueueDrop) => void) {
    this.#maxBytes = maxBytes;
    this.#onDropped = onDropped;
  }

  /** Whether there is room for a message of so many bytes; if not, it counts as dropped. */
  takes(bytes: number): boolean {
    if (this.bytes + bytes <= this.#maxBytes) return true;
    this.dropped('store-full');
    return false;
  }

  entered(entry: QueueEntry): void {
    this.messages++;
    this.bytes += entryBytes(entry);
  }

  left(entry: QueueEntry): void {
    this.messages--;
    this.bytes -= entryBytes(entry);
  }

  dropped(reason: QueueDrop): void {
    this.#onDropped(reason);
  }
}

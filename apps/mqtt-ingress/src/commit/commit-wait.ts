import type { CommitGroup } from './commit-group.ts';

/** To whom an acknowledgement is owed. */
export interface CommitWaiter {
  /** Every cluster it waits for has the message, or nothing asks it to wait any more. */
  committed(wait: CommitWait): void;
  /** It has waited for as long as it may. */
  overdue(wait: CommitWait): void;
}

/** One acknowledgement that waits for Kafka, from when its PUBLISH was taken until it may leave. Linked into a queue. */
export class CommitWait {
  readonly group: CommitGroup;
  readonly waiter: CommitWaiter;
  /** Place among the answers of its connection. */
  ticket = 0;
  /** In the log; 0 until it is there. */
  sequence = 0;
  /** When it was known to be in the log, on the monotonic clock, in ms. */
  storedAtMs = 0;
  queue: CommitQueue | null = null;
  previous: CommitWait | null = null;
  next: CommitWait | null = null;

  constructor(group: CommitGroup, waiter: CommitWaiter) {
    this.group = group;
    this.waiter = waiter;
  }
}

/** Waits for the same clusters and log partition, in the order of the log, hence of time. */
export class CommitQueue {
  head: CommitWait | null = null;
  #tail: CommitWait | null = null;

  push(wait: CommitWait): void {
    wait.queue = this;
    wait.previous = this.#tail;
    if (this.#tail === null) this.head = wait;
    else this.#tail.next = wait;
    this.#tail = wait;
  }

  remove(wait: CommitWait): void {
    const { previous, next } = wait;
    if (previous === null) this.head = next;
    else previous.next = next;
    if (next === null) this.#tail = previous;
    else next.previous = previous;
    wait.queue = null;
    wait.previous = null;
    wait.next = null;
  }
}

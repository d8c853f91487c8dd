import type { OutMessage } from './out-message.ts';

export interface QueueLimits {
  /** Records after which a send is full. */
  readonly records: number;
  /** Bytes of OUT messages after which a send is full. */
  readonly bytes: number;
}

/** Messages in one send at most, whatever they hold: progress without records is small but not nothing. */
const MESSAGES = 1_000;

/**
 * OUT messages that are ready to be sent. Its writer waits while it holds more than one send, so the next
 * send is made up while one is in flight, and memory stays bounded.
 */
export class OutQueue {
  readonly #limits: QueueLimits;
  #messages: OutMessage[] = [];
  #records = 0;
  #bytes = 0;
  #ended = false;
  #wakeReader: (() => void) | null = null;
  #wakeWhenFull: (() => void) | null = null;
  #wakeWriter: (() => void) | null = null;

  constructor(limits: QueueLimits) {
    this.#limits = limits;
  }

  get empty(): boolean {
    return this.#messages.length === 0;
  }

  /** True if what is here is worth a send of its own. */
  get full(): boolean {
    return (
      this.#records >= this.#limits.records ||
      this.#bytes >= this.#limits.bytes ||
      this.#messages.length >= MESSAGES
    );
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Adds a message; resolves when there is room for the next one. */
  async put(message: OutMessage): Promise<void> {
    this.#messages.push(message);
    this.#records += message.records.length;
    this.#bytes += message.bytes;
    this.#wakeReader?.();
    if (this.full) this.#wakeWhenFull?.();
    while (this.full && !this.#ended) await new Promise<void>((resolve) => (this.#wakeWriter = resolve));
  }

  /** No message will follow. Both sides stop waiting. */
  end(): void {
    this.#ended = true;
    this.#wakeReader?.();
    this.#wakeWhenFull?.();
    this.#wakeWriter?.();
  }

  /** Waits until there is a message, the queue has ended, or `waitMs` have passed. */
  async arrival(waitMs: number): Promise<void> {
    if (this.empty) await this.#change(waitMs);
  }

  /** Waits until a send is full, the queue has ended, or `until` has resolved. */
  async fill(until: Promise<void>): Promise<void> {
    if (this.full || this.#ended) return;
    await Promise.race([until, new Promise<void>((resolve) => (this.#wakeWhenFull = resolve))]);
    this.#wakeWhenFull = null;
  }

  /** Takes everything. */
  take(): OutMessage[] {
    const messages = this.#messages;
    this.#messages = [];
    this.#records = 0;
    this.#bytes = 0;
    this.#wakeWriter?.();
    return messages;
  }

  #change(waitMs: number): Promise<void> {
    if (this.#ended) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = Number.isFinite(waitMs) ? setTimeout(() => this.#wakeReader?.(), waitMs) : undefined;
      this.#wakeReader = () => {
        this.#wakeReader = null;
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

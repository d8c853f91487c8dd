import type { DeliveryReport } from '@tributary/contracts';

/** A numbered batch that a node has not reported yet. */
interface Unreported {
  number: number;
  frame: Uint8Array;
  /** First log sequence it was made from, if a node must have it before the log cursor passes; else Infinity. */
  holdsFrom: number;
}

export interface ChannelSink {
  /** Sends one batch to the node, at most once. */
  send(frame: Uint8Array): void;
  onResent(batches: number): void;
}

/** Bytes sent again in one round: a node that lost a lot is not flooded. */
const RESEND_BYTES = 1024 * 1024;

/**
 * Deliveries of one channel (a log partition) to one ingress node: numbered without gaps, kept until the node
 * has reported them, and sent again when it has missed some.
 */
export class NodeChannel {
  readonly #sink: ChannelSink;
  readonly #unreported: Unreported[] = [];
  #lastNumber = 0;
  #bytes = 0;
  #progressAtMs = performance.now();
  #sentAtMs = 0;

  constructor(sink: ChannelSink) {
    this.#sink = sink;
  }

  /** Number of the batch to be sent next. */
  get nextNumber(): number {
    return this.#lastNumber + 1;
  }

  get unreportedBatches(): number {
    return this.#unreported.length;
  }

  get unreportedBytes(): number {
    return this.#bytes;
  }

  /** First log sequence that the node may not have yet; Infinity if it has all it must have. */
  get holdsFrom(): number {
    for (const { holdsFrom } of this.#unreported) if (holdsFrom !== Infinity) return holdsFrom;
    return Infinity;
  }

  /** How long the node has owed a report, in ms; 0 if it owes none. */
  get silentMs(): number {
    return this.#unreported.length === 0 ? 0 : performance.now() - this.#progressAtMs;
  }

  send(frame: Uint8Array, holdsFrom: number): void {
    if (this.#unreported.length === 0) this.#progressAtMs = performance.now();
    this.#lastNumber++;
    this.#unreported.push({ number: this.#lastNumber, frame, holdsFrom });
    this.#bytes += frame.length;
    this.#sentAtMs = performance.now();
    this.#sink.send(frame);
  }

  /** Takes a cumulative report of this channel's epoch. */
  reported({ number, resend }: Pick<DeliveryReport, 'number' | 'resend'>): void {
    let done = 0;
    for (const batch of this.#unreported) {
      if (batch.number > number) break;
      this.#bytes -= batch.frame.length;
      done++;
    }
    if (done > 0) {
      this.#unreported.splice(0, done);
      this.#progressAtMs = performance.now();
    }
    if (resend) this.resend();
  }

  /** Sends the oldest unreported batches again. */
  resend(): void {
    let bytes = 0;
    let batches = 0;
    for (const { frame } of this.#unreported) {
      if (batches > 0 && bytes + frame.length > RESEND_BYTES) break;
      this.#sink.send(frame);
      bytes += frame.length;
      batches++;
    }
    this.#sentAtMs = performance.now();
    if (batches > 0) this.#sink.onResent(batches);
  }

  /** Sends again what has been unreported for `resendMs`, if nothing was sent or reported since. */
  resendIfSilent(resendMs: number): void {
    const now = performance.now();
    if (this.#unreported.length === 0) return;
    if (now - this.#progressAtMs >= resendMs && now - this.#sentAtMs >= resendMs) this.resend();
  }
}

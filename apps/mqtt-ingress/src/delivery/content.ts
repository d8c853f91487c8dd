import type { RowView } from '@tributary/contracts';
import { messageExpiryOf } from '@tributary/mqtt';

/** The part of a delivery that all its recipients share. */
export class Content {
  publish: { readonly topic: string; readonly payload: Uint8Array; readonly properties: Uint8Array };
  /** Milliseconds since the epoch after which nobody gets it any more; 0: never. */
  readonly expiresAt: number;
  #detached = false;

  constructor(message: RowView) {
    const { topic, payload, properties, receivedMs } = message;
    this.publish = { topic, payload, properties };
    const seconds = messageExpiryOf(properties);
    this.expiresAt = seconds === undefined ? 0 : receivedMs + seconds * 1_000;
  }

  /** Copies payload and properties out of the batch they came in, once. */
  detach(): void {
    if (this.#detached) return;
    this.#detached = true;
    const { topic, payload, properties } = this.publish;
    this.publish = { topic, payload: Buffer.from(payload), properties: Buffer.from(properties) };
  }
}

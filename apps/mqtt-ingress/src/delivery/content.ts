import type { RowView } from '@tributary/contracts';
import { expiresAtOf } from '@tributary/mqtt';

/** The part of a delivery that all its recipients share. */
export class Content {
  publish: { readonly topic: string; readonly payload: Uint8Array; readonly properties: Uint8Array };
  /** Milliseconds since the epoch after which nobody gets it any more; 0: never. */
  readonly expiresAt: number;
  #detached = false;

  constructor(message: RowView) {
    const { topic, payload, properties } = message;
    this.publish = { topic, payload, properties };
    this.expiresAt = expiresAtOf(message);
  }

  /** Copies payload and properties out of the batch they came in, once. */
  detach(): void {
    if (this.#detached) return;
    this.#detached = true;
    const { topic, payload, properties } = this.publish;
    this.publish = { topic, payload: Buffer.from(payload), properties: Buffer.from(properties) };
  }
}

import type { Duplex } from 'node:stream';
import { encodeExplained } from '../wire/server-packet.ts';
import type { Outbox } from './outbox.ts';

/**
 * Acknowledgements of one connection that carry a Reason String. Each leaves behind those given before it, as all do
 * [MQTT-4.6.0-2]; those of one turn of the event loop leave in one write.
 */
export class Explanations {
  readonly #stream: Duplex;
  readonly #outbox: Outbox;
  readonly #maxBytes: number;
  #corked = false;

  /** @param maxBytes the client's Maximum Packet Size, 0: none */
  constructor(stream: Duplex, outbox: Outbox, maxBytes: number) {
    this.#stream = stream;
    this.#outbox = outbox;
    this.#maxBytes = maxBytes;
  }

  /** PUBACK, PUBREC or PUBCOMP. @returns false if the client does not take a packet of its size: nothing is sent */
  acknowledge(type: number, packetId: number, reason: number, text: string): boolean {
    const packet = encodeExplained(type, packetId, reason, text, this.#maxBytes);
    if (packet === null) return false;
    this.#cork();
    this.#outbox.flush();
    this.#outbox.sendNow(packet);
    return true;
  }

  #cork(): void {
    if (this.#corked) return;
    this.#corked = true;
    this.#stream.cork();
    setImmediate(() => {
      this.#corked = false;
      this.#stream.uncork();
    });
  }
}

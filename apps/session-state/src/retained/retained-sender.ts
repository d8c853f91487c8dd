import { setTimeout as delay } from 'node:timers/promises';
import type { DeliveryInput, QoS, SessionAddress, Subscription } from '@tributary/contracts';
import type { DeliveryHub } from '../delivery/delivery-hub.ts';
import type { RetainedMessage } from './retained-message.ts';

/** Channel of what no log partition owns: shard 0. */
export const SHARD_CHANNEL = 0x8000_0000;
/** Messages handed to the hub before it is asked again whether the node keeps up. */
const CHUNK = 256;

/** Where retained messages come from. */
export interface RetainedSource {
  match(filter: string): Iterable<RetainedMessage>;
}

/** Sends a new subscription the retained messages it matches. */
export class RetainedSender {
  readonly #store: RetainedSource;
  readonly #hub: DeliveryHub;
  readonly #signal: AbortSignal;

  constructor(store: RetainedSource, hub: DeliveryHub, signal: AbortSignal) {
    this.#store = store;
    this.#hub = hub;
    this.#signal = signal;
  }

  async send(address: SessionAddress, subscriptions: readonly Subscription[]): Promise<void> {
    const node = { instance: address.node, epoch: address.nodeEpoch };
    const clientId = Buffer.from(address.clientId, 'utf8');
    let chunk: DeliveryInput[] = [];
    const flush = (): void => {
      this.#hub.deliver(node, SHARD_CHANNEL, chunk, { logSequence: 0, holdsFrom: Infinity });
      chunk = [];
    };
    for (const { filter, qos, subscriptionId } of subscriptions) {
      for (const { stamp, message } of this.#store.match(filter)) {
        const recipient = {
          clientId,
          epoch: address.epoch,
          qos: Math.min(qos, message.qos) as QoS,
          retain: true,
          subscriptionIds: subscriptionId === 0 ? [] : [subscriptionId],
        };
        const { logSequence, row } = stamp;
        chunk.push({ logSequence, row, message: message.bytes, recipients: [recipient] });
        if (chunk.length < CHUNK) continue;
        flush();
        while (this.#hub.isBehind(address.node) && !this.#signal.aborted) await delay(20);
        if (this.#signal.aborted) return;
      }
    }
    if (chunk.length > 0) flush();
  }
}

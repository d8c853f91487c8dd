import { setTimeout as delay } from 'node:timers/promises';
import type { DeliveryInput, QoS, SessionAddress, Subscription } from '@tributary/contracts';
import type { DeliveryHub } from '../delivery/delivery-hub.ts';
import type { SessionBook } from '../sessions/session-book.ts';
import { SHARD_CHANNEL } from '../sessions/session-pump.ts';
import type { RetainedMessage } from './retained-message.ts';

/** Messages handed to the hub before it is asked again whether the node keeps up. */
const CHUNK = 256;
/** Pause before it is asked again, in ms. */
const LOOK_AGAIN_MS = 20;

/** Where retained messages come from. */
export interface RetainedSource {
  match(filter: string): Iterable<RetainedMessage>;
}

export interface RetainedSenderOptions {
  store: RetainedSource;
  book: SessionBook;
  hub: DeliveryHub;
  /** Entries of a queue beyond which no more are added while a device takes them. */
  queued: number;
  signal: AbortSignal;
}

/** The retained messages that a subscription is answered with. */
export interface RetainedAnswer {
  subscription: Subscription;
  messages: RetainedMessage[];
}

/** Sends a new subscription the retained messages it matches. */
export class RetainedSender {
  readonly #options: RetainedSenderOptions;

  constructor(options: RetainedSenderOptions) {
    this.#options = options;
  }

  /** What subscriptions get that are established now. */
  collect(subscriptions: readonly Subscription[]): RetainedAnswer[] {
    const { store } = this.#options;
    return subscriptions.map((subscription) => ({
      subscription,
      messages: [...store.match(subscription.filter)],
    }));
  }

  async send(address: SessionAddress, answers: readonly RetainedAnswer[]): Promise<void> {
    const chunk: DeliveryInput[] = [];
    for (const { subscription, messages } of answers) {
      for (const retained of messages) {
        await this.#send(address, subscription, retained, chunk);
        if (this.#options.signal.aborted) return;
      }
    }
    if (chunk.length > 0) this.#flush(address, chunk);
  }

  async #send(
    address: SessionAddress,
    subscription: Subscription,
    { stamp, message }: RetainedMessage,
    chunk: DeliveryInput[],
  ): Promise<void> {
    const { book, hub } = this.#options;
    const qos = Math.min(subscription.qos, message.qos) as QoS;
    const subscriptionIds = subscription.subscriptionId === 0 ? [] : [subscription.subscriptionId];
    const session = book.session(address.clientId, address.sessionId);
    if (session !== undefined && qos > 0) {
      await this.#while(() => session.attachment !== null && session.entries.size >= this.#options.queued);
      book.enqueue(message, null, [{ session, qos, retain: true, subscriptionIds, share: '' }]);
      return;
    }
    const clientId = Buffer.from(address.clientId, 'utf8');
    const recipient = { clientId, epoch: address.epoch, qos, retain: true, subscriptionIds };
    const { logSequence, row } = stamp;
    chunk.push({ logSequence, row, message: message.bytes, recipients: [recipient] });
    if (chunk.length < CHUNK) return;
    this.#flush(address, chunk);
    await this.#while(() => hub.isBehind(address.node));
  }

  #flush({ node, nodeEpoch }: SessionAddress, chunk: DeliveryInput[]): void {
    const to = { instance: node, epoch: nodeEpoch };
    this.#options.hub.deliver(to, SHARD_CHANNEL, chunk.splice(0), { logSequence: 0, holdsFrom: Infinity });
  }

  async #while(busy: () => boolean): Promise<void> {
    while (busy() && !this.#options.signal.aborted) await delay(LOOK_AGAIN_MS);
  }
}

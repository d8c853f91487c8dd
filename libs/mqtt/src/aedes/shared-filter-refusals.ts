import type { SubscribeRequest } from '../engine/mqtt-engine.ts';
import { ReasonCode } from '../engine/reason-code.ts';
import { isSharedFilter } from '../topic-filter.ts';

/**
 * aedes says in CONNACK that shared subscriptions are not available (3.2.2.3.13). This keeps the rest true to it: a shared
 * filter, alone or among others, never reaches the host, and its place in the SUBACK is a refusal.
 */
export class SharedFilterRefusals {
  /** By packet id: for each filter, whether it was refused here. Empty but for mixed SUBSCRIBEs under way. */
  readonly #refused = new Map<number, boolean[]>();

  /** The request without its shared filters; null if nothing remains. */
  without(request: SubscribeRequest): SubscribeRequest | null {
    const shared = request.subscriptions.map(({ filter }) => isSharedFilter(filter));
    if (!shared.includes(true)) return request;
    this.#refused.set(request.packetId, shared);
    const subscriptions = request.subscriptions.filter((_, index) => shared[index] === false);
    return subscriptions.length === 0 ? null : { ...request, subscriptions };
  }

  /** All reason codes of a SUBACK, from those of the filters the host saw. */
  complete(packetId: number, reasons: readonly number[]): readonly number[] {
    const shared = this.#refused.get(packetId);
    if (shared === undefined) return reasons;
    this.#refused.delete(packetId);
    let next = 0;
    return shared.map((refused) =>
      refused
        ? ReasonCode.SHARED_SUBSCRIPTIONS_NOT_SUPPORTED
        : (reasons[next++] ?? ReasonCode.UNSPECIFIED_ERROR),
    );
  }
}

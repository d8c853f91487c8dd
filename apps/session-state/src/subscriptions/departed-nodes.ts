import type { MemberView } from '@tributary/log';
import type { SubscriptionStore } from './subscription-store.ts';
import type { SubscriptionTable } from './subscription-table.ts';

/** A node that has just started writes its lease before it serves anybody, but our watch may be behind. */
const GRACE_MS = 10_000;
/** Sessions ended in one round; the rest follows in the next. */
const ROUND = 1_000;

/**
 * Ends the sessions of nodes that are gone: their connections ended with them. A node counts as gone when its
 * lease has not been seen to hold for a while.
 */
export class DepartedNodes {
  readonly #nodes: MemberView;
  readonly #table: SubscriptionTable;
  readonly #store: SubscriptionStore;
  /** Since when a node has been missing, on the monotonic clock, in ms. */
  readonly #missing = new Map<string, number>();

  constructor(nodes: MemberView, table: SubscriptionTable, store: SubscriptionStore) {
    this.#nodes = nodes;
    this.#table = table;
    this.#store = store;
  }

  /** One round. @returns how many sessions it ended. */
  async sweep(): Promise<number> {
    const now = performance.now();
    const departed: { clientId: string; epoch: number }[] = [];
    const missing = new Set<string>();
    for (const { node, nodeEpoch, clientId, epoch } of this.#table.entries()) {
      if (this.#nodes.isLive({ instance: node, epoch: nodeEpoch })) continue;
      const life = `${node}#${nodeEpoch}`;
      missing.add(life);
      const since = this.#missing.get(life) ?? now;
      this.#missing.set(life, since);
      if (now - since >= GRACE_MS && departed.length < ROUND) departed.push({ clientId, epoch });
    }
    for (const life of this.#missing.keys()) if (!missing.has(life)) this.#missing.delete(life);
    await Promise.all(departed.map((session) => this.#store.end(session)));
    return departed.length;
  }
}

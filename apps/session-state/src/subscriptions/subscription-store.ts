import { setTimeout as delay } from 'node:timers/promises';
import type { KV } from '@nats-io/kv';
import {
  clientKey,
  type SessionAddress,
  type Subscription,
  type SubscriptionRecord,
} from '@tributary/contracts';
import { isWrongLastSequence } from '@tributary/log';
import { isSharedFilter } from '@tributary/mqtt';
import type { SubscriptionTable } from './subscription-table.ts';

/** What a subscribe did to one filter. */
export interface Subscribed {
  subscription: Subscription;
  /** It is to be answered with the retained messages there are. */
  wantsRetained: boolean;
}

export type Change<T> =
  { ok: true; value: T } | { ok: false; code: 'stale-epoch' | 'quota'; message: string };

/** Pause before a record that somebody else is writing is looked at again, in ms. */
const UNDER_WAY_MS = 50;
/** How long the bucket remembers that a record was deleted. */
const MARKER_TTL = '1h';

/**
 * Changes of subscription records, by compare-and-set, one at a time per client. Each resolves when the table,
 * and so routing, uses the result.
 */
export class SubscriptionStore {
  readonly #kv: KV;
  readonly #table: SubscriptionTable;
  readonly #maxPerSession: number;
  readonly #pending = new Map<string, Promise<unknown>>();

  constructor(kv: KV, table: SubscriptionTable, maxPerSession: number) {
    this.#kv = kv;
    this.#table = table;
    this.#maxPerSession = maxPerSession;
  }

  /** Adds or replaces subscriptions [MQTT-3.8.4-3]. */
  subscribe(address: SessionAddress, wanted: readonly Subscription[]): Promise<Change<Subscribed[]>> {
    return this.#inTurn(address.clientId, () =>
      this.#change(address, (present) => {
        const next = new Map(present.map((s) => [s.filter, s]));
        const value = wanted.map((subscription) => ({
          subscription,
          wantsRetained: wantsRetained(subscription, !next.has(subscription.filter)),
        }));
        for (const subscription of wanted) next.set(subscription.filter, subscription);
        const awaiting = value.filter((each) => each.wantsRetained).map((each) => each.subscription.filter);
        return { next: [...next.values()], value, awaiting };
      }),
    );
  }

  /** Removes subscriptions; answers for each filter whether there was one [MQTT-3.10.4-1]. */
  unsubscribe(address: SessionAddress, filters: readonly string[]): Promise<Change<boolean[]>> {
    return this.#inTurn(address.clientId, () =>
      this.#change(address, (present) => {
        const next = new Map(present.map((s) => [s.filter, s]));
        const value = filters.map((filter) => next.delete(filter));
        return { next: [...next.values()], value, awaiting: [] };
      }),
    );
  }

  /** Forgets the subscriptions of exactly this session. */
  end(clientId: string, sessionId: string): Promise<void> {
    return this.#inTurn(clientId, async () => {
      const known = this.#table.session(clientId);
      if (known?.sessionId !== sessionId) return;
      const options = { previousSeq: known.revision, ttl: MARKER_TTL };
      await this.#kv.purge(clientKey(clientId), options).catch(ignoreWrongRevision);
    });
  }

  async #change<T>(
    address: SessionAddress,
    edit: (present: readonly Subscription[]) => { next: Subscription[]; value: T; awaiting: string[] },
  ): Promise<Change<T>> {
    for (;;) {
      const known = this.#table.session(address.clientId);
      if (known !== undefined && known.epoch > address.epoch) {
        return { ok: false, code: 'stale-epoch', message: `${address.clientId} has connected again since` };
      }
      const present = known?.sessionId === address.sessionId ? known.subscriptions : [];
      const { next, value, awaiting } = edit(present);
      if (next.length > this.#maxPerSession) {
        const message = `a session may have ${this.#maxPerSession} subscriptions`;
        return { ok: false, code: 'quota', message };
      }
      this.#table.propose(address, next, awaiting);
      try {
        const revision = await this.#put(address, next, known?.revision ?? 0);
        if (revision === null) continue;
        await this.#table.reached(revision);
      } finally {
        this.#table.withdraw(address.clientId);
      }
      return { ok: true, value };
    }
  }

  /** @returns the new revision, or null after somebody else's change has reached the table. */
  async #put(
    address: SessionAddress,
    subscriptions: Subscription[],
    expected: number,
  ): Promise<number | null> {
    const { clientId, node, nodeEpoch, epoch, sessionId } = address;
    const record: SubscriptionRecord = { clientId, node, nodeEpoch, epoch, sessionId, subscriptions };
    const key = clientKey(clientId);
    const put = (previousSeq: number): Promise<number> =>
      this.#kv.put(key, JSON.stringify(record), { previousSeq });
    try {
      return await put(expected);
    } catch (error) {
      ignoreWrongRevision(error);
    }
    const entry = await this.#kv.get(key);
    // Another write is under way: it shows in a moment, or never.
    if ((entry?.revision ?? 0) === expected) await delay(UNDER_WAY_MS);
    if (entry?.operation === 'PUT') {
      await this.#table.reached(entry.revision);
      return null;
    }
    // Nothing, or the marker of a deletion: the table does not keep its revision.
    try {
      return await put(entry?.revision ?? 0);
    } catch (error) {
      ignoreWrongRevision(error);
      return null;
    }
  }

  async #inTurn<T>(clientId: string, run: () => Promise<T>): Promise<T> {
    const before = this.#pending.get(clientId) ?? Promise.resolve();
    const mine = before.then(run, run);
    this.#pending.set(clientId, mine);
    try {
      return await mine;
    } finally {
      if (this.#pending.get(clientId) === mine) this.#pending.delete(clientId);
    }
  }
}

/** Retain Handling (MQTT 5, 3.3.1.3); a shared subscription gets none (4.8.2). */
function wantsRetained({ filter, retainHandling }: Subscription, isNew: boolean): boolean {
  return !isSharedFilter(filter) && (retainHandling === 0 || (retainHandling === 1 && isNew));
}

function ignoreWrongRevision(error: unknown): void {
  if (!isWrongLastSequence(error)) throw error;
}

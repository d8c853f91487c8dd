import type { SessionAddress } from '@tributary/contracts';
import { abortable } from '../connect/abortable.ts';
import { Slots } from '../connect/slots.ts';
import type { SessionClient } from './session-client.ts';
import type { SettlementSender } from './settlement-sender.ts';

/** Ends told at the same time ... */
const AT_ONCE = 256;
/** ... and how long one is tried, in ms, if nothing outlives the connection; and how long all are when the node leaves. */
const PATIENCE_MS = 30_000;

/**
 * Tells session-state that connections are over; nobody waits for it. What ends with its connection is told for a while: it also
 * shows as an epoch that no node serves. A session that goes on is told for as long as the node lives, because its expiry
 * and its will are counted from there; there is at most one for each client, which can connect again only through session-state.
 */
export class Endings {
  readonly #client: SessionClient;
  readonly #settlements: SettlementSender;
  readonly #slots = new Slots(AT_ONCE, Infinity);
  readonly #telling = new Set<Promise<void>>();
  readonly #givenUp = new AbortController();

  /** @param over aborts when this node may say nothing more */
  constructor(client: SessionClient, settlements: SettlementSender, over: AbortSignal) {
    this.#client = client;
    this.#settlements = settlements;
    over.addEventListener('abort', () => this.#givenUp.abort(), { once: true });
  }

  /**
   * @param after commands of the connection that are under way
   * @param lasting a session goes on
   */
  tell(address: SessionAddress, after: Promise<void> | null, lasting: boolean): void {
    const told = this.#tell(address, after, lasting)
      .catch(() => {})
      .finally(() => this.#telling.delete(told));
    this.#telling.add(told);
  }

  /** Resolves when every end so far was told, or given up; now nothing is tried for longer than its patience. */
  async told(): Promise<void> {
    const timer = setTimeout(() => this.#givenUp.abort(), PATIENCE_MS);
    await Promise.all(this.#telling);
    clearTimeout(timer);
  }

  async #tell(address: SessionAddress, after: Promise<void> | null, lasting: boolean): Promise<void> {
    const signal = lasting ? this.#givenUp.signal : AbortSignal.timeout(PATIENCE_MS);
    await after;
    await this.#slots.use(null, async () => {
      // What the device has settled need not be sent to it, or to another member of its group, again.
      await abortable(this.#settlements.told(), signal);
      await this.#client.command({ type: 'end', ...address }, signal);
    });
  }
}

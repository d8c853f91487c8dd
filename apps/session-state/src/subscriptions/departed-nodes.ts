import type { MemberView } from '@tributary/log';
import type { Afterlife } from '../sessions/afterlife.ts';
import type { SessionBook } from '../sessions/session-book.ts';
import type { SessionRecords, StoredRecord } from '../sessions/session-records.ts';
import type { SubscriptionStore } from './subscription-store.ts';
import type { SubscriptionTable } from './subscription-table.ts';

/** A node that has just started writes its lease before it serves anybody, but our watch may be behind. */
const GRACE_MS = 10_000;
/** Sessions ended in one round; the rest follows in the next. */
const ROUND = 1_000;
/** Records of a departed node dealt with at the same time. */
const AT_ONCE = 64;

export interface DepartedNodesOptions {
  nodes: MemberView;
  table: SubscriptionTable;
  store: SubscriptionStore;
  records: SessionRecords;
  book: SessionBook;
  afterlife: Afterlife;
}

/**
 * Does what nodes that are gone did not do: ends the connections they had. A node counts as gone when its lease has not been seen
 * to hold for a while.
 */
export class DepartedNodes {
  readonly #options: DepartedNodesOptions;
  /** Since when a node has been missing, on the monotonic clock, in ms. */
  readonly #missing = new Map<string, number>();
  /** Lives of nodes seen alive whose records are still to be looked through when they go. */
  readonly #known = new Map<string, { instance: string; epoch: number }>();

  constructor(options: DepartedNodesOptions) {
    this.#options = options;
  }

  /**
   * Takes in all session records, once, at the start: who is connected, and what waits for its time. Records of nodes that are not
   * alive now are looked at when they have been missing for long enough.
   */
  async takeStock(): Promise<void> {
    const { records, book, afterlife } = this.#options;
    const found = new Set<string>();
    const ended: string[] = [];
    await records.each((stored) => {
      const { record, revision } = stored;
      found.add(record.clientId);
      if (record.ended !== undefined) {
        ended.push(record.clientId);
        return;
      }
      const { clientId, node, nodeEpoch, sessionId } = record;
      this.#known.set(lifeOf(node, nodeEpoch), { instance: node, epoch: nodeEpoch });
      const session = book.session(clientId, sessionId);
      if (session === undefined) return;
      session.epoch = revision;
      book.deliverTo(
        session,
        { clientId, node, nodeEpoch, sessionId, epoch: revision },
        record.receiveMaximum,
      );
    });
    for (const { clientId } of [...book.values()]) if (!found.has(clientId)) ended.push(clientId);
    await inGroups(ended, (clientId) => afterlife.look(clientId));
  }

  /** One round. @returns how many sessions it ended. */
  async sweep(): Promise<number> {
    const { nodes, table, store, book } = this.#options;
    const now = performance.now();
    for (const { instance, epoch } of nodes.live())
      this.#known.set(lifeOf(instance, epoch), { instance, epoch });
    const missing = new Set<string>();
    const gone = (instance: string, epoch: number): boolean => {
      if (nodes.isLive({ instance, epoch })) return false;
      const life = lifeOf(instance, epoch);
      missing.add(life);
      const since = this.#missing.get(life) ?? now;
      this.#missing.set(life, since);
      return now - since >= GRACE_MS;
    };
    const departed: { clientId: string; sessionId: string }[] = [];
    for (const { node, nodeEpoch, clientId, sessionId } of table.entries()) {
      if (book.session(clientId, sessionId) !== undefined || !gone(node, nodeEpoch)) continue;
      if (departed.length < ROUND) departed.push({ clientId, sessionId });
    }
    await Promise.all(departed.map(({ clientId, sessionId }) => store.end(clientId, sessionId)));
    const lives = [...this.#known]
      .filter(([, { instance, epoch }]) => gone(instance, epoch))
      .map(([life]) => life);
    for (const life of this.#missing.keys()) if (!missing.has(life)) this.#missing.delete(life);
    if (lives.length > 0) await this.#endConnections(new Set(lives));
    return departed.length;
  }

  /** Ends what the records say these lives of nodes serve. */
  async #endConnections(lives: ReadonlySet<string>): Promise<void> {
    const { records, afterlife } = this.#options;
    const orphans: StoredRecord[] = [];
    const ended: string[] = [];
    await records.each((stored) => {
      const { node, nodeEpoch, clientId, ended: end } = stored.record;
      if (!lives.has(lifeOf(node, nodeEpoch))) return;
      // Its node may have recorded the end and not have lived to say so.
      if (end === undefined) orphans.push(stored);
      else ended.push(clientId);
    });
    await inGroups(orphans, (stored) => afterlife.orphaned(stored));
    await inGroups(ended, (clientId) => afterlife.look(clientId));
    for (const life of lives) this.#known.delete(life);
  }
}

function lifeOf(instance: string, epoch: number): string {
  return `${instance}#${epoch}`;
}

async function inGroups<Item>(items: readonly Item[], run: (item: Item) => Promise<unknown>): Promise<void> {
  for (let at = 0; at < items.length; at += AT_ONCE)
    await Promise.all(items.slice(at, at + AT_ONCE).map(run));
}

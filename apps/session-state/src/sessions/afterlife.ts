import { NEVER_EXPIRES, type SessionAddress, type SessionRecord } from '@tributary/contracts';
import type { MemberView, WillPublisher } from '@tributary/log';
import type { SubscriptionStore } from '../subscriptions/subscription-store.ts';
import { Deadlines } from './deadlines.ts';
import type { SessionBook } from './session-book.ts';
import type { SessionRecords, StoredRecord } from './session-records.ts';
import type { SharedDelivery } from './shared-delivery.ts';

export interface AfterlifeOptions {
  /** Ingress nodes alive. */
  nodes: Pick<MemberView, 'isLive'>;
  records: SessionRecords;
  book: SessionBook;
  subscriptions: Pick<SubscriptionStore, 'end'>;
  wills: Pick<WillPublisher, 'publish'>;
  /** Ends the publishing of a will. */
  signal: AbortSignal;
  /** A will was published. */
  onWill(): void;
  shared: Pick<SharedDelivery, 'memberLost'>;
}

/** Records dealt with at the same time. */
const AT_ONCE = 64;
/** A live node that has recorded the end of a connection publishes a will that is due at once within this time, in ms. */
const NODE_PUBLISHES_MS = 30_000;

/** What becomes of sessions when nobody serves them: detached, their wills published, in the end forgotten. */
export class Afterlife {
  readonly #options: AfterlifeOptions;
  readonly #deadlines = new Deadlines(Date.now());
  /** Clients whose record is being dealt with; another look follows for those asked for meanwhile. */
  readonly #busy = new Map<string, { again: boolean; done: Promise<void> }>();

  constructor(options: AfterlifeOptions) {
    this.#options = options;
  }

  /** Sessions and wills that wait for their time. */
  get waiting(): number {
    return this.#deadlines.size;
  }

  /** Does what is due by now. */
  async sweep(): Promise<void> {
    const due = this.#deadlines.due(Date.now());
    for (let at = 0; at < due.length; at += AT_ONCE) {
      const group = due.slice(at, at + AT_ONCE);
      const looks = await Promise.allSettled(group.map((clientId) => this.look(clientId)));
      // What could not be read or written is looked at again.
      looks.forEach(({ status }, index) => {
        const clientId = group[index];
        if (status === 'rejected' && clientId !== undefined) this.#deadlines.set(clientId, Date.now());
      });
    }
  }

  /** Sees what a client's record says now, and acts on it. One look at a time for each client. */
  async look(clientId: string): Promise<void> {
    const busy = this.#busy.get(clientId);
    if (busy !== undefined) {
      busy.again = true;
      return busy.done;
    }
    const turn = { again: false, done: Promise.resolve() };
    turn.done = (async () => {
      try {
        do {
          turn.again = false;
          await this.#look(clientId);
        } while (turn.again);
      } finally {
        this.#busy.delete(clientId);
      }
    })();
    this.#busy.set(clientId, turn);
    return turn.done;
  }

  /** A node says that this connection of the client is over. */
  async connectionEnded({ clientId, sessionId, epoch }: SessionAddress): Promise<void> {
    const { records, book, subscriptions } = this.#options;
    const queued = book.session(clientId, sessionId) !== undefined;
    const stored = await records.read(clientId);
    // It could not write so itself.
    if (stored?.revision === epoch && stored.record.ended === undefined) await this.orphaned(stored);
    await this.look(clientId);
    if (!queued) await subscriptions.end(clientId, sessionId);
  }

  /** A record whose node is gone: ends its connection as the node would have done. */
  async orphaned(stored: StoredRecord): Promise<void> {
    const { record, revision } = stored;
    const { records } = this.#options;
    if (record.expiry === 0 && record.will === undefined) {
      if (await records.remove(stored)) await this.#over(record);
      return;
    }
    const ended = { ...record, ended: { atMs: Date.now(), epoch: revision } };
    if ((await records.replace(stored, ended)) !== null) await this.look(record.clientId);
  }

  /** The client has no record: what is known of a session of it is over. */
  async forgotten(clientId: string): Promise<void> {
    const session = this.#options.book.get(clientId);
    if (session !== undefined) await this.#end(clientId, session.sessionId);
  }

  async #look(clientId: string): Promise<void> {
    const stored = await this.#options.records.read(clientId);
    if (stored === null) return this.forgotten(clientId);
    const { record } = stored;
    const session = this.#options.book.get(clientId);
    if (session !== undefined && session.sessionId !== record.sessionId && !isNewer(session.epoch, stored)) {
      await this.#end(clientId, session.sessionId);
    }
    if (record.ended !== undefined) await this.#wait(stored, record.ended);
  }

  async #wait(stored: StoredRecord, ended: { atMs: number; epoch: number }): Promise<void> {
    const { book, shared, wills, records, signal, onWill } = this.#options;
    const { record } = stored;
    const session = book.session(record.clientId, record.sessionId);
    if (session !== undefined && session.epoch <= ended.epoch) {
      book.detach(session, ended.epoch);
      shared.memberLost(session, false);
    }
    const now = Date.now();
    const expiresAtMs = record.expiry === NEVER_EXPIRES ? Infinity : ended.atMs + record.expiry * 1_000;
    let current: StoredRecord | null = stored;
    const { will, ...rest } = record;
    let nextMs = expiresAtMs;
    if (will !== undefined) {
      const delayedMs = Math.min(ended.atMs + will.delay * 1_000, expiresAtMs);
      const dueMs = delayedMs > ended.atMs ? delayedMs : this.#nodesTurn(record, ended.atMs);
      if (dueMs > now) {
        nextMs = dueMs;
      } else {
        // Appended before the record forgets it: a crash in between repeats it, and the log drops the second one.
        await wills.publish(record, will, ended.epoch, signal);
        onWill();
        if (expiresAtMs > now) current = await records.replace(stored, rest);
      }
    }
    if (current === null) return;
    if (expiresAtMs <= now && nextMs <= now) {
      if (await records.remove(current)) await this.#over(record);
    } else if (nextMs !== Infinity) {
      this.#deadlines.set(record.clientId, nextMs);
    }
  }

  /** When a will that was due at the end of its connection is ours to publish. */
  #nodesTurn({ node, nodeEpoch }: SessionRecord, endedAtMs: number): number {
    const alive = this.#options.nodes.isLive({ instance: node, epoch: nodeEpoch });
    return alive ? endedAtMs + NODE_PUBLISHES_MS : endedAtMs;
  }

  #over({ clientId, sessionId }: SessionRecord): Promise<void> {
    return this.#end(clientId, sessionId);
  }

  async #end(clientId: string, sessionId: string): Promise<void> {
    const { book, shared, subscriptions } = this.#options;
    const session = book.session(clientId, sessionId);
    if (session !== undefined) {
      shared.memberLost(session, true);
      book.end(session);
    }
    await subscriptions.end(clientId, sessionId);
  }
}

/** Whether a connection came after what the record says. */
function isNewer(epoch: number, { record, revision }: StoredRecord): boolean {
  return epoch > (record.ended?.epoch ?? revision);
}

import type { KvWatchEntry } from '@nats-io/kv';
import type { SubscriptionRecord, Subscription } from '@tributary/contracts';
import { BucketFollower, type LeaderBucket } from '@tributary/log';
import { parseTopicFilter, SubscriptionTrie } from '@tributary/mqtt';

/** A session as routing knows it. */
export interface SessionEntry {
  clientId: string;
  clientIdBytes: Uint8Array;
  node: string;
  nodeEpoch: number;
  /** Connection epoch. */
  epoch: number;
  sessionId: string;
  /** Revision of the record this came from; the record is changed by compare-and-set on it. */
  revision: number;
  subscriptions: readonly Subscription[];
}

/** One subscription in the trie: matching a topic yields these. */
export interface TableSubscription {
  session: SessionEntry;
  subscription: Subscription;
}

/**
 * All subscriptions, as the bucket has them: followed by one watch, and changed only by what the watch brings,
 * so that what was answered to a device is what routing uses.
 */
export class SubscriptionTable implements AsyncDisposable {
  readonly #trie = new SubscriptionTrie<TableSubscription>();
  readonly #sessions = new Map<string, { entry: SessionEntry; members: TableSubscription[] }>();
  /** By key in the bucket: deletions name nothing else. */
  readonly #byKey = new Map<string, string>();
  #follower: BucketFollower | null = null;
  #version = 0;

  /** Reads the bucket to its end, then follows it. */
  static async open(kv: LeaderBucket): Promise<SubscriptionTable> {
    const table = new SubscriptionTable();
    table.#follower = await BucketFollower.open(kv, { onEntry: (entry) => table.#apply(entry) });
    return table;
  }

  /** Grows with every change that may alter whom a topic reaches. */
  get version(): number {
    return this.#version;
  }

  /** Sessions with at least one subscription. */
  get sessions(): number {
    return this.#sessions.size;
  }

  get size(): number {
    return this.#trie.size;
  }

  session(clientId: string): SessionEntry | undefined {
    return this.#sessions.get(clientId)?.entry;
  }

  *entries(): Generator<SessionEntry> {
    for (const { entry } of this.#sessions.values()) yield entry;
  }

  match(topic: string, visit: (member: TableSubscription) => void): void {
    this.#trie.match(topic, visit);
  }

  /** Resolves once routing uses the record with this revision. */
  async reached(revision: number): Promise<void> {
    await this.#follower?.reached(revision);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#follower?.[Symbol.asyncDispose]();
  }

  #apply(entry: KvWatchEntry): void {
    this.#version++;
    const previous = this.#byKey.get(entry.key);
    if (previous !== undefined) this.#remove(previous);
    if (entry.operation !== 'PUT') {
      this.#byKey.delete(entry.key);
      return;
    }
    const { subscriptions, ...address } = entry.json<SubscriptionRecord>();
    this.#byKey.set(entry.key, address.clientId);
    const session: SessionEntry = {
      ...address,
      clientIdBytes: Buffer.from(address.clientId, 'utf8'),
      revision: entry.revision,
      subscriptions,
    };
    const members = subscriptions.map((subscription) => ({ session, subscription }));
    for (const member of members) this.#trie.add(parseTopicFilter(member.subscription.filter).filter, member);
    this.#sessions.set(session.clientId, { entry: session, members });
  }

  #remove(clientId: string): void {
    const known = this.#sessions.get(clientId);
    if (!known) return;
    for (const member of known.members) {
      this.#trie.remove(parseTopicFilter(member.subscription.filter).filter, member);
    }
    this.#sessions.delete(clientId);
  }
}

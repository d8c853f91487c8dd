import type { KvWatchEntry } from '@nats-io/kv';
import type { SessionAddress, Subscription, SubscriptionRecord } from '@tributary/contracts';
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
 * All subscriptions, as the bucket has them: followed by one watch, so that what was answered to a device is what routing uses.
 * Routing also heeds a change while it is being stored: a device that subscribes, and has another one publish at once without waiting
 * for its SUBACK, gets the message as it would from a broker with one process.
 */
export class SubscriptionTable implements AsyncDisposable {
  readonly #trie = new SubscriptionTrie<TableSubscription>();
  readonly #sessions = new Map<string, { entry: SessionEntry; members: TableSubscription[] }>();
  /** Members of changes that are being stored, in place of those of the record. */
  readonly #proposed = new Map<string, TableSubscription[]>();
  /** Filters of clients whose answer with retained messages is still to come. */
  readonly #awaiting = new Map<string, Set<string>>();
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

  /**
   * Routing goes by these subscriptions until the bucket says something of this client, or `withdraw` is called.
   * @param awaiting filters that will be answered with retained messages: until `answered`, retained ones are left to that answer
   */
  propose(address: SessionAddress, subscriptions: readonly Subscription[], awaiting: Iterable<string>): void {
    this.#version++;
    this.#forget(address.clientId);
    const filters = new Set(awaiting);
    if (filters.size > 0) this.#awaiting.set(address.clientId, filters);
    const entry = sessionEntry(address, subscriptions, 0);
    this.#proposed.set(address.clientId, this.#add(entry));
  }

  /** The change was not stored. */
  withdraw(clientId: string): void {
    if (!this.#proposed.has(clientId)) return;
    this.#version++;
    this.#forget(clientId);
    const known = this.#sessions.get(clientId);
    if (known !== undefined) known.members = this.#add(known.entry);
  }

  /** The answer with retained messages is taken now: what is retained from here on is news. */
  answered(clientId: string): void {
    if (this.#awaiting.delete(clientId)) this.#version++;
  }

  /** Whether a retained message will come with the answer to the SUBSCRIBE that is under way. */
  isAwaiting(clientId: string, filter: string): boolean {
    return this.#awaiting.get(clientId)?.has(filter) ?? false;
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
    this.#remove(address.clientId);
    const session = sessionEntry(address, subscriptions, entry.revision);
    this.#sessions.set(session.clientId, { entry: session, members: this.#add(session) });
  }

  #remove(clientId: string): void {
    this.#forget(clientId);
    this.#sessions.delete(clientId);
  }

  #add(session: SessionEntry): TableSubscription[] {
    const members = session.subscriptions.map((subscription) => ({ session, subscription }));
    for (const member of members) this.#trie.add(parseTopicFilter(member.subscription.filter).filter, member);
    return members;
  }

  /** Takes what routing knows of a client out of the trie. */
  #forget(clientId: string): void {
    const known = this.#sessions.get(clientId);
    for (const member of this.#proposed.get(clientId) ?? known?.members ?? []) {
      this.#trie.remove(parseTopicFilter(member.subscription.filter).filter, member);
    }
    this.#proposed.delete(clientId);
    if (known !== undefined) known.members = [];
  }
}

function sessionEntry(
  address: SessionAddress,
  subscriptions: readonly Subscription[],
  revision: number,
): SessionEntry {
  const { clientId, node, nodeEpoch, epoch, sessionId } = address;
  const clientIdBytes = Buffer.from(clientId, 'utf8');
  return { clientId, clientIdBytes, node, nodeEpoch, epoch, sessionId, revision, subscriptions };
}

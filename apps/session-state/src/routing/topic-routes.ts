import type { QoS } from '@tributary/contracts';
import { isSharedFilter } from '@tributary/mqtt';
import type { SessionEntry, SubscriptionTable } from '../subscriptions/subscription-table.ts';

/** A session that a topic reaches, its overlapping subscriptions made one. */
export interface Reached {
  session: SessionEntry;
  /** Highest QoS of the subscriptions that match (3.3.4). */
  qos: QoS;
  /** The retain flag is passed on as published. */
  retainAsPublished: boolean;
  /** The session does not want what it published itself. */
  noLocal: boolean;
  /** A retained message is left to the answer of the SUBSCRIBE that is under way: no other subscription of the session matches. */
  awaitsRetained: boolean;
  /** All identifiers of the matching subscriptions [MQTT-3.3.4-4]. */
  subscriptionIds: readonly number[];
}

/** One who takes part in a shared subscription that a topic reaches. */
export interface SharedMember {
  session: SessionEntry;
  qos: QoS;
  retainAsPublished: boolean;
  subscriptionIds: readonly number[];
}

/** A shared subscription that a topic reaches: one of its members gets the message. */
export interface SharedGroup {
  /** As in SUBSCRIBE: `$share/{name}/{filter}`. */
  share: string;
  members: readonly SharedMember[];
}

/** Whom a topic reaches. */
export interface Reach {
  sessions: readonly Reached[];
  groups: readonly SharedGroup[];
}

/** What an entry costs besides its strings, roughly, in bytes. */
const ENTRY_BYTES = 120;
const REACHED_BYTES = 80;

/**
 * Whom each topic reaches, remembered for topics seen lately. The memory is bounded in bytes and forgotten
 * when a subscription changes: correctness never depends on it.
 */
export class TopicRoutes {
  readonly #table: SubscriptionTable;
  readonly #maxBytes: number;
  #young = new Map<string, Reach>();
  #old = new Map<string, Reach>();
  #youngBytes = 0;
  #oldBytes = 0;
  #version = -1;
  hits = 0;
  misses = 0;

  constructor(table: SubscriptionTable, maxBytes: number) {
    this.#table = table;
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#youngBytes + this.#oldBytes;
  }

  /** True while nobody is subscribed to anything. */
  get nobody(): boolean {
    return this.#table.size === 0;
  }

  /** The sessions and shared subscriptions that a message on `topic` goes to. */
  reached(topic: string): Reach {
    if (this.#version !== this.#table.version) this.#forget();
    const cached = this.#young.get(topic) ?? this.#old.get(topic);
    if (cached !== undefined) {
      this.hits++;
      return cached;
    }
    this.misses++;
    const reached = this.#match(topic);
    this.#remember(topic, reached);
    return reached;
  }

  #match(topic: string): Reach {
    const sessions = new Map<SessionEntry, Reached & { subscriptionIds: number[] }>();
    const groups = new Map<string, SharedMember[]>();
    this.#table.match(topic, ({ session, subscription }) => {
      const { filter, qos, retainAsPublished, noLocal, subscriptionId } = subscription;
      const ids = subscriptionId === 0 ? [] : [subscriptionId];
      if (isSharedFilter(filter)) {
        const member = { session, qos, retainAsPublished, subscriptionIds: ids };
        const members = groups.get(filter);
        if (members === undefined) groups.set(filter, [member]);
        else members.push(member);
        return;
      }
      const known = sessions.get(session);
      const awaitsRetained = this.#table.isAwaiting(session.clientId, filter);
      if (known === undefined) {
        sessions.set(session, {
          ...{ session, qos, retainAsPublished, noLocal, awaitsRetained },
          subscriptionIds: ids,
        });
        return;
      }
      known.awaitsRetained &&= awaitsRetained;
      if (qos > known.qos) known.qos = qos;
      known.retainAsPublished ||= retainAsPublished;
      // One subscription that does want own messages is enough.
      known.noLocal &&= noLocal;
      known.subscriptionIds.push(...ids);
    });
    if (sessions.size + groups.size === 0) return NOBODY;
    return {
      sessions: [...sessions.values()],
      groups: [...groups].map(([share, members]) => ({ share, members })),
    };
  }

  /** Two generations: a full young one becomes the old one, whose topics were not asked for lately. */
  #remember(topic: string, reached: Reach): void {
    const members = reached.groups.reduce((sum, group) => sum + group.members.length, 0);
    const bytes = ENTRY_BYTES + topic.length * 2 + (reached.sessions.length + members) * REACHED_BYTES;
    if (bytes > this.#maxBytes / 2) return;
    if (this.#youngBytes + bytes > this.#maxBytes / 2) {
      this.#old = this.#young;
      this.#oldBytes = this.#youngBytes;
      this.#young = new Map();
      this.#youngBytes = 0;
    }
    this.#young.set(topic, reached);
    this.#youngBytes += bytes;
  }

  #forget(): void {
    this.#version = this.#table.version;
    this.#young = new Map();
    this.#old = new Map();
    this.#youngBytes = 0;
    this.#oldBytes = 0;
  }
}

const NOBODY: Reach = { sessions: [], groups: [] };

import type { QoS } from '@tributary/contracts';
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
  /** All identifiers of the matching subscriptions [MQTT-3.3.4-4]. */
  subscriptionIds: readonly number[];
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
  #young = new Map<string, readonly Reached[]>();
  #old = new Map<string, readonly Reached[]>();
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

  /** The sessions that a message on `topic` goes to. */
  reached(topic: string): readonly Reached[] {
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

  #match(topic: string): readonly Reached[] {
    const bySession = new Map<SessionEntry, Reached & { subscriptionIds: number[] }>();
    this.#table.match(topic, ({ session, subscription }) => {
      const { qos, retainAsPublished, noLocal, subscriptionId } = subscription;
      const ids = subscriptionId === 0 ? [] : [subscriptionId];
      const known = bySession.get(session);
      if (known === undefined) {
        bySession.set(session, { session, qos, retainAsPublished, noLocal, subscriptionIds: ids });
        return;
      }
      if (qos > known.qos) known.qos = qos;
      known.retainAsPublished ||= retainAsPublished;
      // One subscription that does want own messages is enough.
      known.noLocal &&= noLocal;
      known.subscriptionIds.push(...ids);
    });
    return bySession.size === 0 ? NOBODY : [...bySession.values()];
  }

  /** Two generations: a full young one becomes the old one, whose topics were not asked for lately. */
  #remember(topic: string, reached: readonly Reached[]): void {
    const bytes = ENTRY_BYTES + topic.length * 2 + reached.length * REACHED_BYTES;
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

const NOBODY: readonly Reached[] = [];

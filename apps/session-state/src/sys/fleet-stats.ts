import type { NodeCounts, NodeStats } from '@tributary/contracts';

interface NodeEntry {
  stats: NodeStats;
  /** On the monotonic clock, in ms. */
  heardAtMs: number;
}

const NO_COUNTS: NodeCounts = {
  connections: 0,
  sockets: 0,
  messagesReceived: 0,
  messagesSent: 0,
  bytesReceived: 0,
  bytesSent: 0,
  publishReceived: 0,
  publishSent: 0,
  publishDropped: 0,
  publishBytesReceived: 0,
};
const COUNTS = Object.keys(NO_COUNTS) as (keyof NodeCounts)[];

/**
 * What all ingress nodes say of themselves, added up. What a node has done stays in the sums when it is gone; what it has now
 * (clients) goes with it.
 */
export class FleetStats {
  readonly #silenceMs: number;
  readonly #nodes = new Map<string, NodeEntry>();
  readonly counts: NodeCounts = { ...NO_COUNTS };
  #mostClients = 0;

  /** @param silenceMs a node that was not heard of for so long is gone */
  constructor(silenceMs: number) {
    this.#silenceMs = silenceMs;
  }

  /** @param now on the monotonic clock, in ms */
  heard(node: string, stats: NodeStats, now: number): void {
    const known = this.#nodes.get(node)?.stats;
    const before = known?.startedAtMs === stats.startedAtMs ? known.counts : NO_COUNTS;
    for (const count of COUNTS) this.counts[count] += Math.max(stats.counts[count] - before[count], 0);
    this.#nodes.set(node, { stats, heardAtMs: now });
    this.#mostClients = Math.max(this.#mostClients, this.clients);
  }

  /** Forgets who was silent for too long. */
  sweep(now: number): void {
    for (const [node, { heardAtMs }] of this.#nodes) {
      if (now - heardAtMs >= this.#silenceMs) this.#nodes.delete(node);
    }
  }

  *nodes(): Generator<[node: string, stats: NodeStats]> {
    for (const [node, { stats }] of this.#nodes) yield [node, stats];
  }

  get clients(): number {
    let clients = 0;
    for (const { stats } of this.#nodes.values()) clients += stats.clients;
    return clients;
  }

  /** The most clients there were at once, as far as this process has seen. */
  get mostClients(): number {
    return this.#mostClients;
  }

  /** When the oldest node of those there are started, in ms since the epoch; undefined if there is none. */
  get startedAtMs(): number | undefined {
    let oldest: number | undefined;
    for (const { stats } of this.#nodes.values()) oldest = Math.min(oldest ?? Infinity, stats.startedAtMs);
    return oldest;
  }
}

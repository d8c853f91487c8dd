import type { LimitCounters } from './limit-counters.ts';
import { networkOf } from './network-of.ts';

export interface HandshakeLimits {
  /** Streams without a complete CONNECT. */
  maxUnfinished: number;
  /** Of them, those from one network. */
  maxUnfinishedPerAddress: number;
}

/** A stream that has not brought its CONNECT. */
export interface Handshake {
  readonly network: string;
  /** Closes it without a word, to make room. Calls `Handshakes.end`. */
  giveWay(): void;
}

/**
 * The streams of an engine that have not brought a complete CONNECT. At a bound the oldest gives way to the newest: who
 * means to connect needs a round trip for it, who only holds streams open loses them as fast as it opens new ones.
 */
export class Handshakes {
  readonly #limits: HandshakeLimits;
  readonly #counters: LimitCounters;
  /** Oldest first. */
  readonly #open = new Set<Handshake>();
  readonly #byNetwork = new Map<string, Set<Handshake>>();

  constructor(limits: HandshakeLimits, counters: LimitCounters) {
    this.#limits = limits;
    this.#counters = counters;
  }

  get size(): number {
    return this.#open.size;
  }

  /** @param remoteAddress `address:port` */
  begin(remoteAddress: string, giveWay: () => void): Handshake {
    const { maxUnfinished, maxUnfinishedPerAddress } = this.#limits;
    const network = networkOf(remoteAddress);
    const neighbours = this.#byNetwork.get(network);
    if (neighbours !== undefined && neighbours.size >= maxUnfinishedPerAddress) {
      this.#dropOldest(neighbours, 'unfinished-per-address');
    } else if (this.#open.size >= maxUnfinished) this.#dropOldest(this.#open, 'unfinished');
    const handshake = { network, giveWay };
    this.#open.add(handshake);
    // The set of neighbours may have gone with its last one.
    const present = this.#byNetwork.get(network);
    if (present === undefined) this.#byNetwork.set(network, new Set([handshake]));
    else present.add(handshake);
    return handshake;
  }

  /** It brought its CONNECT, or is gone; a second call changes nothing. */
  end(handshake: Handshake): void {
    if (!this.#open.delete(handshake)) return;
    const neighbours = this.#byNetwork.get(handshake.network);
    neighbours?.delete(handshake);
    if (neighbours?.size === 0) this.#byNetwork.delete(handshake.network);
  }

  #dropOldest(from: Set<Handshake>, limit: 'unfinished' | 'unfinished-per-address'): void {
    const [oldest] = from;
    if (oldest === undefined) return;
    this.#counters[limit]++;
    this.end(oldest);
    oldest.giveWay();
  }
}

import { networkOf, TokenBucket, type TokenRate } from '@tributary/mqtt';

export interface ConnectRateLimits {
  /** CONNECTs a second; as many may come at once. 0: any number. */
  connectsPerSecond: number;
  /** The same for those from one IPv4 address or IPv6 network. */
  connectsPerSecondPerAddress: number;
}

export type ConnectExcess = 'connects-per-second' | 'connects-per-second-per-address';

/** Addresses remembered; beyond it the one that was quiet for longest is forgotten, and begins anew. */
const MOST_ADDRESSES = 10_000;

/** Holds a node to a rate of CONNECTs: who is over it is turned away before anything is spent on it. */
export class ConnectRates {
  readonly #node: TokenBucket | null;
  readonly #addressRate: TokenRate | null;
  /** In the order of their last CONNECT. */
  readonly #addresses = new Map<string, TokenBucket>();

  constructor(limits: ConnectRateLimits) {
    const node = rateOf(limits.connectsPerSecond);
    this.#node = node && new TokenBucket(node);
    this.#addressRate = rateOf(limits.connectsPerSecondPerAddress);
  }

  /** @returns the limit that a CONNECT from `remoteAddress` (`address:port`) is over; null: it may go on */
  excess(remoteAddress: string): ConnectExcess | null {
    // The address first: what it is refused takes nothing from the others.
    if (
      this.#addressRate !== null &&
      !this.#bucketOf(networkOf(remoteAddress), this.#addressRate).tryTake(1)
    ) {
      return 'connects-per-second-per-address';
    }
    return this.#node === null || this.#node.tryTake(1) ? null : 'connects-per-second';
  }

  #bucketOf(network: string, rate: TokenRate): TokenBucket {
    const known = this.#addresses.get(network);
    const bucket = known ?? new TokenBucket(rate);
    if (known !== undefined) this.#addresses.delete(network);
    this.#addresses.set(network, bucket);
    if (this.#addresses.size > MOST_ADDRESSES) {
      const [quietest] = this.#addresses.keys();
      if (quietest !== undefined) this.#addresses.delete(quietest);
    }
    return bucket;
  }
}

function rateOf(perSecond: number): TokenRate | null {
  return perSecond === 0 ? null : { perSecond, burst: perSecond, now: () => performance.now() };
}

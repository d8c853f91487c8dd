import { TokenBucket, type TokenRate } from '../token-bucket.ts';
import type { Deadline, DeadlineWheel } from './deadline-wheel.ts';

/** A pause is over when this much of the burst is there again, not when a token is. */
const CALM = 0.5;

export interface ControlFloodOwner {
  /** It may be read again. */
  floodPassed(): void;
}

/**
 * Holds one client to a rate of packets that cost us work without carrying anything: PINGREQ, SUBSCRIBE, UNSUBSCRIBE,
 * and acknowledgements of what it was not sent. Beyond the rate it is read no faster; a client that is still at it
 * after `patienceMs` is beyond that.
 */
export class ControlFlood implements Deadline {
  readonly #wheel: DeadlineWheel;
  readonly #owner: ControlFloodOwner;
  readonly #bucket: TokenBucket;
  readonly #calmLevel: number;
  readonly #patienceMs: number;
  /** When it was first too fast, since it last was calm; 0: it is calm. */
  #since = 0;
  /** It is not to be read at present. */
  holding = false;

  constructor(wheel: DeadlineWheel, owner: ControlFloodOwner, rate: TokenRate, patienceMs: number) {
    this.#wheel = wheel;
    this.#owner = owner;
    this.#bucket = new TokenBucket(rate);
    this.#calmLevel = rate.burst * CALM;
    this.#patienceMs = patienceMs;
  }

  /** Counts packets. 'slow': `holding` is set from now on. 'flood': it has been slowed for long enough. */
  charge(packets: number): 'fine' | 'slow' | 'flood' {
    const waitMs = this.#bucket.take(packets);
    if (waitMs === 0) {
      if (this.#since > 0 && this.#bucket.level >= this.#calmLevel) this.#since = 0;
      return 'fine';
    }
    const { now } = this.#wheel;
    if (this.#since === 0) this.#since = now;
    else if (now - this.#since >= this.#patienceMs) return 'flood';
    this.holding = true;
    this.#wheel.set(this, now + waitMs);
    return 'slow';
  }

  stop(): void {
    this.#wheel.delete(this);
  }

  due(): number {
    this.holding = false;
    this.#owner.floodPassed();
    return 0;
  }
}

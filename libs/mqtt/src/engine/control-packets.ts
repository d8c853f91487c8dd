import { TokenBucket, type TokenRate } from '../token-bucket.ts';
import type { ControlPacket } from '../wire/packet-reader.ts';
import type { Deadline, DeadlineWheel } from './deadline-wheel.ts';
import type { EngineCounters } from './mqtt-engine.ts';

/** A flood is over when this much of the burst is there again, not when a token is. */
const CALM = 0.5;
/** Answers a client may owe at most: every packet identifier, twice. */
const MOST_OWED = 2 * 65_535;

/** Topic filters that cost as much as a packet. */
const FILTERS_PER_UNIT = 10;

/** What a packet counts for: a SUBSCRIBE of many filters holds more memory, and keeps session-state busy for longer. */
export function controlCost(control: ControlPacket): number {
  switch (control.type) {
    case 'subscribe':
      return 1 + Math.floor(control.request.subscriptions.length / FILTERS_PER_UNIT);
    case 'unsubscribe':
      return 1 + Math.floor(control.request.filters.length / FILTERS_PER_UNIT);
    case 'auth':
      return 1;
    default:
      return 0;
  }
}

/** What the connections of an engine share. */
export interface ControlParts {
  readonly wheel: DeadlineWheel;
  readonly counters: EngineCounters;
  /** Null: any rate. */
  readonly controlRate: TokenRate | null;
  readonly limits: { floodPatienceMs: number };
}

/**
 * Holds one client to a rate of packets that cost us work without carrying anything: PINGREQ, SUBSCRIBE, UNSUBSCRIBE,
 * and acknowledgements of what it was not sent. Beyond the rate it is read no faster; who is still at it after
 * `floodPatienceMs` is to be sent away.
 */
export class ControlPackets implements Deadline {
  readonly #parts: ControlParts;
  readonly #goOn: () => void;
  #bucket: TokenBucket | null = null;
  /** When it was first too fast since it last was calm; 0: it is calm. */
  #since = 0;
  /** Acknowledgements the client has reason to send. */
  #owed = 0;
  /** The client is not to be read at present. */
  holding = false;

  /** @param goOn the client may be read again */
  constructor(parts: ControlParts, goOn: () => void) {
    this.#parts = parts;
    this.#goOn = goOn;
  }

  /** The client has a packet to answer. */
  owe(): void {
    if (this.#owed < MOST_OWED) this.#owed++;
  }

  /** Counts what came. @returns false if the client has been slowed for long enough */
  take(packets: number, acknowledgements: number): boolean {
    const surplus = Math.max(acknowledgements - this.#owed, 0);
    this.#owed -= acknowledgements - surplus;
    const { controlRate } = this.#parts;
    if (controlRate === null || packets + surplus === 0) return true;
    this.#bucket ??= new TokenBucket(controlRate);
    const waitMs = this.#bucket.take(packets + surplus);
    if (waitMs > 0) return this.#slow(waitMs);
    if (this.#since > 0 && this.#bucket.level >= controlRate.burst * CALM) this.#since = 0;
    return true;
  }

  stop(): void {
    this.#parts.wheel.delete(this);
  }

  due(): number {
    this.holding = false;
    this.#goOn();
    return 0;
  }

  #slow(waitMs: number): boolean {
    const { wheel, counters, limits } = this.#parts;
    const { now } = wheel;
    if (this.#since === 0) this.#since = now;
    else if (now - this.#since >= limits.floodPatienceMs) return false;
    counters.limits['control-packets']++;
    this.holding = true;
    wheel.set(this, now + waitMs);
    return true;
  }
}

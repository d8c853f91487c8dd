import type { Deadline, DeadlineWheel } from './deadline-wheel.ts';
import { ReasonCode } from './reason-code.ts';

/** What a client owes: its CONNECT, or the AUTH that a challenge asked for. */
export type Owed = 'connect' | 'authentication';

/** Owed, and not here. keep-alive: no packet. write: what was sent is not read. All in their time. */
export type Lateness = Owed | 'keep-alive' | 'write';

/** How each lateness ends a connection, and where it is counted. */
export const LATENESS = {
  connect: { counter: 'connectTimeouts', kind: 'lost', reason: 0, detail: 'no CONNECT in time' },
  authentication: {
    counter: 'connectTimeouts',
    kind: 'server',
    reason: ReasonCode.NOT_AUTHORIZED,
    detail: 'no AUTH in time',
  },
  write: {
    counter: 'writeTimeouts',
    kind: 'server',
    reason: ReasonCode.QUOTA_EXCEEDED,
    detail: 'the client stopped reading',
  },
  'keep-alive': {
    counter: 'keepAliveTimeouts',
    kind: 'keep-alive',
    reason: ReasonCode.KEEP_ALIVE_TIMEOUT,
    detail: 'no packet within one and a half times the keep-alive [MQTT-3.1.2-22]',
  },
} as const;

export interface VigilOwner {
  /** Packets are not read at present, so their absence is not the client's fault. */
  readonly unread: boolean;
  late(what: Lateness): void;
}

/**
 * Watches one connection's time: first for its CONNECT, then for its keep-alive and for its reading what it was sent, and
 * for the answer to a challenge. A packet costs one assignment.
 */
export class Vigil implements Deadline {
  readonly #wheel: DeadlineWheel;
  readonly #owner: VigilOwner;
  readonly #writeTimeoutMs: number;
  readonly #owedTimeoutMs: number;
  #owed: Owed = 'connect';
  /** 0: nothing is owed. */
  #owedBy = 0;
  #keepAliveMs = 0;
  #lastPacket = 0;
  /** 0: not congested. */
  #congestedSince = 0;
  #stopped = false;

  constructor(
    wheel: DeadlineWheel,
    owner: VigilOwner,
    limits: { connectTimeoutMs: number; writeTimeoutMs: number },
  ) {
    this.#wheel = wheel;
    this.#owner = owner;
    this.#writeTimeoutMs = limits.writeTimeoutMs;
    this.#owedTimeoutMs = limits.connectTimeoutMs;
    this.expect('connect');
  }

  /** From now on the client owes a packet. @param withinMs instead of the usual time */
  expect(owed: Owed, withinMs = this.#owedTimeoutMs): void {
    this.#owed = owed;
    this.#owedBy = this.#wheel.now + withinMs;
    this.#arm();
  }

  /** What was owed is here. */
  arrived(): void {
    this.#owedBy = 0;
    this.#arm();
  }

  /** From now on one and a half times the keep-alive may pass without a packet [MQTT-3.1.2-22]. 0: any time. */
  start(keepAliveSeconds: number): void {
    this.#keepAliveMs = keepAliveSeconds * 1500;
    this.seen();
    this.#arm();
  }

  /** Packets arrived. */
  seen(): void {
    this.#lastPacket = this.#wheel.now;
  }

  congested(): void {
    this.#congestedSince = this.#wheel.now;
    this.#arm();
  }

  relieved(): void {
    this.#congestedSince = 0;
    this.#arm();
  }

  stop(): void {
    this.#stopped = true;
    this.#wheel.delete(this);
  }

  due(now: number): number {
    if (this.#owner.unread) {
      this.#lastPacket = now;
      if (this.#owedBy > 0) this.#owedBy = now + this.#owedTimeoutMs;
    }
    const next = this.#next();
    if (next === 0 || now < next) return next;
    this.#owner.late(this.#whatIsLate(next));
    return 0;
  }

  #whatIsLate(time: number): Lateness {
    if (time === this.#owedBy) return this.#owed;
    return this.#congestedSince > 0 ? 'write' : 'keep-alive';
  }

  #arm(): void {
    if (this.#stopped) return;
    const next = this.#next();
    if (next > 0) this.#wheel.set(this, next);
    else this.#wheel.delete(this);
  }

  #next(): number {
    const watched = this.#nextWatched();
    if (this.#owedBy === 0) return watched;
    return watched === 0 ? this.#owedBy : Math.min(this.#owedBy, watched);
  }

  #nextWatched(): number {
    if (this.#congestedSince > 0) return this.#congestedSince + this.#writeTimeoutMs;
    return this.#keepAliveMs > 0 ? this.#lastPacket + this.#keepAliveMs : 0;
  }
}

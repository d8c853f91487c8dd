import type { EngineConnection } from '@tributary/mqtt';
import type { IngressMetrics } from '../metrics.ts';

/**
 * log: the partition of the log, or the whole node, has more unconfirmed bytes than it may. unanswered: the connection
 * has more unanswered packets than it may. commits: the node has more answers that wait for Kafka than it may, some of them for
 * this connection. commands: it waits for the answer to a SUBSCRIBE or UNSUBSCRIBE. rate: it, or the node, took in more than it may
 * in a second.
 */
export type PauseReason = 'log' | 'unanswered' | 'commands' | 'commits' | 'rate';

const BITS: Record<PauseReason, number> = { log: 1, unanswered: 2, commands: 4, commits: 8, rate: 16 };

/** Why a connection is not read; it is read again when no reason is left. */
export class ReadPauses {
  readonly #connection: EngineConnection;
  readonly #metrics: IngressMetrics;
  #reasons = 0;
  #closed = false;

  constructor(connection: EngineConnection, metrics: IngressMetrics) {
    this.#connection = connection;
    this.#metrics = metrics;
  }

  /** @returns true if the connection was not paused for this reason yet. */
  pause(reason: PauseReason): boolean {
    const before = this.#reasons;
    const bit = BITS[reason];
    if (this.#closed || (before & bit) !== 0) return false;
    this.#reasons = before | bit;
    if (before === 0) {
      this.#metrics.pausedSockets++;
      this.#connection.pause();
    }
    return true;
  }

  resume(reason: PauseReason): void {
    const bit = BITS[reason];
    if ((this.#reasons & bit) === 0) return;
    this.#reasons &= ~bit;
    if (this.#reasons !== 0) return;
    this.#metrics.pausedSockets--;
    this.#connection.resume();
  }

  /** The connection has ended. */
  close(): void {
    this.#closed = true;
    if (this.#reasons !== 0) this.#metrics.pausedSockets--;
    this.#reasons = 0;
  }
}

import { ReasonCode } from '@tributary/mqtt';
import type { CommitGroup } from '../commit/commit-group.ts';
import type { CommitWait, CommitWaiter } from '../commit/commit-wait.ts';
import type { Commits } from '../commit/commits.ts';
import type { Device } from './device.ts';

/**
 * The answers of one connection that wait for Kafka after the log. When the time is up MQTT 5 is told so: its message is in the
 * log and need not be sent again, which a failed PUBACK forbids [MQTT-4.4.0-2]. MQTT 3.x has no such answer, and the
 * connection ends (ADR 12).
 */
export class DeviceCommits implements CommitWaiter {
  readonly #device: Device;
  readonly #commits: Commits;
  /** Whose rows are on the way to the log, in their order. */
  #unstored: CommitWait[] = [];
  readonly #stored = new Set<CommitWait>();

  constructor(device: Device, commits: Commits) {
    this.#device = device;
    this.#commits = commits;
  }

  get length(): number {
    return this.#unstored.length + this.#stored.size;
  }

  expect(group: CommitGroup): void {
    this.#unstored.push(this.#commits.expect(group, this));
  }

  /** The row of the oldest one is stored. @param ticket of its answer */
  rowStored(ticket: number, sequence: number): void {
    const wait = this.#unstored.shift();
    if (wait === undefined) return;
    wait.ticket = ticket;
    if (this.#commits.stored(wait, this.#device.partition, sequence)) {
      this.#device.answers.settleCommit(ticket, ReasonCode.SUCCESS);
    } else this.#stored.add(wait);
  }

  committed(wait: CommitWait): void {
    this.#settle(wait, ReasonCode.SUCCESS);
  }

  overdue(wait: CommitWait): void {
    const device = this.#device;
    if (device.connection.protocolVersion < 5) {
      this.#stored.delete(wait);
      device.refuse(ReasonCode.SERVER_BUSY, 'a message is in the log, but not in Kafka in time');
    } else {
      device.countRefusal(ReasonCode.QUOTA_EXCEEDED);
      this.#settle(wait, ReasonCode.QUOTA_EXCEEDED);
    }
  }

  /** Nothing is answered any more. */
  abandon(): void {
    for (const wait of this.#unstored) this.#commits.forget(wait);
    for (const wait of this.#stored) this.#commits.forget(wait);
    this.#unstored = [];
    this.#stored.clear();
  }

  #settle(wait: CommitWait, reason: number): void {
    this.#stored.delete(wait);
    this.#device.answers.settleCommit(wait.ticket, reason);
    this.#device.answerReady();
  }
}

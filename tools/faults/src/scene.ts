import { setImmediate } from 'node:timers/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { until } from '@tributary/testing';
import type { KafkaAudit } from './count/kafka-audit.ts';
import type { Fleet } from './load/fleet.ts';
import type { FaultPlatform } from './platform/fault-platform.ts';
import type { Random } from './random.ts';

/** Messages under way at a moment. */
export interface InFlight {
  unacknowledged: number;
  /** Acknowledged, and not in every Kafka cluster yet. */
  notInKafka: number;
}

const PATIENCE_MS = 10_000;

/** What a fault finds: a platform under load. */
export class Scene {
  readonly platform: FaultPlatform;
  readonly fleet: Fleet;
  readonly audits: readonly KafkaAudit[];
  readonly random: Random;
  readonly row: string;
  /** What was under way each time that a fault struck. */
  readonly struck: InFlight[] = [];

  constructor(
    row: string,
    platform: FaultPlatform,
    fleet: Fleet,
    audits: readonly KafkaAudit[],
    random: Random,
  ) {
    this.row = row;
    this.platform = platform;
    this.fleet = fleet;
    this.audits = audits;
    this.random = random;
  }

  /** Acknowledged messages that some Kafka cluster does not have yet. */
  get notInKafka(): number {
    return Math.max(...this.audits.map(({ ledger }) => ledger.missing(this.fleet.devices)));
  }

  /** Does it at a moment of the seed's choice at which messages are under way. */
  async strike<T>(action: () => T | Promise<T>): Promise<T> {
    await this.pause(this.random.between(0, 400));
    const deadline = performance.now() + PATIENCE_MS;
    while (this.fleet.inFlight === 0 && performance.now() < deadline) await setImmediate();
    this.struck.push({ unacknowledged: this.fleet.inFlight, notInKafka: this.notInKafka });
    return action();
  }

  /** Lets time pass. */
  async pause(ms: number): Promise<void> {
    await delay(ms);
  }

  /** Resolves when messages flow through the whole platform again. */
  async flowing(timeoutMs: number): Promise<void> {
    const { fleet, audits } = this;
    const marks = audits.map(({ ledger }) => ledger.count);
    const { acknowledged } = fleet;
    const some = fleet.devices.length;
    const flows = (): boolean =>
      fleet.acknowledged > acknowledged + some &&
      audits.every(({ ledger }, i) => ledger.count > (marks[i] ?? 0) + some);
    await until(flows, { timeoutMs, what: 'messages flow to Kafka' });
  }

  /** Resolves when all that is acknowledged now is in every Kafka cluster. */
  async caughtUp(timeoutMs: number): Promise<void> {
    const devices = this.fleet.devices.map(({ name, acknowledged }) => ({
      name,
      acknowledged: new Set(acknowledged),
    }));
    const there = (): boolean => this.audits.every(({ ledger }) => ledger.missing(devices) === 0);
    await until(there, { timeoutMs, intervalMs: 50, what: 'all that was acknowledged is in Kafka' });
  }

  /** Resolves when the records have come to rest: nothing more arrives in Kafka. */
  async settled(): Promise<void> {
    let counts = '';
    const still = async (): Promise<boolean> => {
      const before = counts;
      counts = this.audits.map(({ ledger }) => ledger.count).join();
      return before === counts;
    };
    await until(still, { intervalMs: QUIET_MS, timeoutMs: 60_000, what: 'nothing more arrives in Kafka' });
  }
}

/** Longer than records that stand in OUT take to Kafka. */
const QUIET_MS = 700;

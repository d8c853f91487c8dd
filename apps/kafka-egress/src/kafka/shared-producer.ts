import { KafkaDriverError } from '@tributary/kafka';
import { StoppedError } from '../errors.ts';
import { sizeOf, type Outgoing } from './outgoing.ts';
import type { ProducerMetrics } from './producer-metrics.ts';
import type { ProducerSlot } from './producer-slot.ts';
import { outcomesOf, type SendOutcome } from './send-outcome.ts';
import { SendRounds } from './send-rounds.ts';

/** What the slots of a cluster differ in. */
export interface SlotTuning {
  readonly signal: AbortSignal;
  readonly maxBatchBytes?: number;
  onAway(reason: string | null): void;
}

export interface SharedProducerOptions {
  openSlot(tuning: SlotTuning): ProducerSlot;
  /** Least time between two sends that are not full, in ms. */
  readonly lingerMs: number;
  readonly metrics: ProducerMetrics;
}

/** What one partition gives to a send, never divided. */
export interface Share {
  readonly records: readonly Outgoing[];
  settle(outcome: SendOutcome): void;
  fail(error: unknown): void;
}

/** One partition. */
export interface Member {
  onAway(reason: string | null): void;
}

/** A send takes no further share above these. */
const SEND_RECORDS = 8_000;
const SEND_BYTES = 8 * 1024 * 1024;

/**
 * The one producer of all partitions of a cluster that this process owns (ADR 9). While a send is in flight, what they
 * have to send gathers and forms the next one.
 */
export class SharedProducer implements AsyncDisposable {
  readonly rounds: SendRounds;
  readonly #options: SharedProducerOptions;
  readonly #slot: ProducerSlot;
  readonly #ending = new AbortController();
  readonly #members = new Set<Member>();
  readonly #gathered = new Set<Share>();
  #flight: readonly Share[] = [];
  readonly #abandoned = new Set<Share>();
  #landing: Promise<void> = Promise.resolve();
  #away: string | null = null;

  constructor(options: SharedProducerOptions) {
    this.#options = options;
    this.#slot = options.openSlot({
      signal: this.#ending.signal,
      onAway: (reason) => {
        this.#away = reason;
        for (const member of this.#members) member.onAway(reason);
      },
    });
    this.rounds = new SendRounds({
      lingerMs: options.lingerMs,
      isUrgent: () => this.#gathered.size > 0,
      depart: () => this.#depart(),
    });
  }

  join(member: Member): void {
    this.#members.add(member);
    if (this.#away !== null) member.onAway(this.#away);
  }

  leave(member: Member): void {
    this.#members.delete(member);
  }

  /** @throws StoppedError */
  async connect(): Promise<void> {
    await this.#slot.connect();
    // A partition may have come back while its former owner's last records are in flight: they come first.
    while (this.#abandoned.size > 0) await this.#landing;
  }

  /** Has `share` be part of the next send. Settled or failed later, unless it is abandoned. */
  add(share: Share): void {
    if (this.#ending.signal.aborted) return share.fail(stopped());
    this.#gathered.add(share);
    this.rounds.schedule();
  }

  /** Nothing of `share` may leave from now on. What has left with others' goes the way of theirs. */
  abandon(share: Share): void {
    if (this.#gathered.delete(share) || !this.#flight.includes(share)) return;
    this.#abandoned.add(share);
    if (this.#abandoned.size === this.#flight.length) void this.#slot.drop();
  }

  limitBatches(bytes: number): void {
    this.#slot.limitBatches(bytes);
  }

  /** A producer for sends that must not touch those of others. */
  slotApart(tuning: SlotTuning): ProducerSlot {
    return this.#options.openSlot({ ...tuning, maxBatchBytes: this.#slot.maxBatchBytes });
  }

  /** Ends everything at once: what waits fails, and so does what is in flight. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    this.rounds.end();
    this.#failGathered(stopped());
    await this.#slot[Symbol.asyncDispose]();
  }

  async #depart(): Promise<void> {
    if (this.#gathered.size === 0) return;
    try {
      await this.#slot.connect();
    } catch (error) {
      return this.#failGathered(error);
    }
    // Only now: until Kafka could be reached, some may have come, and others may have been abandoned.
    this.#flight = this.#board();
    if (this.#flight.length === 0) return;
    this.#landing = this.#fly(this.#flight);
    await this.#landing;
    this.#flight = [];
    this.#abandoned.clear();
  }

  #board(): Share[] {
    const flight: Share[] = [];
    let records = 0;
    let bytes = 0;
    for (const share of this.#gathered) {
      records += share.records.length;
      for (const record of share.records) bytes += sizeOf(record);
      if (flight.length > 0 && (records > SEND_RECORDS || bytes > SEND_BYTES)) break;
      flight.push(share);
      this.#gathered.delete(share);
    }
    return flight;
  }

  async #fly(flight: readonly Share[]): Promise<void> {
    const shares = flight.map(({ records }) => records);
    try {
      this.#options.metrics.shares.add(flight.length);
      await this.#slot.send(shares.flat());
      for (const share of flight) share.settle({ kind: 'stored' });
    } catch (error) {
      const outcomes = error instanceof KafkaDriverError ? outcomesOf(shares, error) : null;
      flight.forEach((share, at) => {
        const outcome = outcomes?.[at];
        if (outcome === undefined) share.fail(error);
        else share.settle(outcome);
      });
    }
  }

  #failGathered(error: unknown): void {
    for (const share of this.#gathered) share.fail(error);
    this.#gathered.clear();
  }
}

function stopped(): StoppedError {
  return new StoppedError('the producer was stopped');
}

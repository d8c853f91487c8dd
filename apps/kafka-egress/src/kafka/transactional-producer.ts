import { setTimeout as sleep } from 'node:timers/promises';
import { KafkaDriverError } from '@tributary/kafka';
import { DeposedError, HaltError } from '../errors.ts';
import type { FoundPositions, PositionTopic } from '../position/position-topic.ts';
import { standingOf, type Standing } from '../position/standing.ts';
import { isPosition, type Outgoing } from './outgoing.ts';
import type { Apart, Producer } from './producer.ts';
import type { ProducerSlot } from './producer-slot.ts';
import { outcomesOf, type SendOutcome } from './send-outcome.ts';
import type { SlotTuning } from './shared-producer.ts';

export interface TransactionalProducerOptions {
  openSlot(tuning: SlotTuning & { onConnected(): Promise<void> }): ProducerSlot;
  /** Nothing more of this partition may be sent. */
  readonly signal: AbortSignal;
  /** Least time between the beginnings of two transactions that are not full, in ms. */
  readonly lingerMs: number;
  onAway(reason: string | null): void;
}

/** Kafka's words for: somebody else has this transactional id now, or the coordinator gave the transaction up. */
const FENCED: ReadonlySet<string> = new Set([
  'producer-fenced',
  'invalid-producer-epoch',
  'invalid-producer-id-mapping',
  'invalid-txn-state',
]);

/**
 * The producer of one partition at exactly-once: each send is one transaction of records and a position.
 *
 * The rule that makes it exact: whenever a driver has connected, which fences all others and ends what they left open, the position is
 * read from Kafka before anything is sent. Only if it is what it was before the last transaction, or what that transaction was
 * to make it, this producer goes on; otherwise somebody else was at work meanwhile.
 */
export class TransactionalProducer implements Producer, AsyncDisposable {
  readonly atomic = true;
  readonly #options: TransactionalProducerOptions;
  readonly #slot: ProducerSlot;
  #positions: PositionTopic | null = null;
  #standing: Standing = { own: null, others: [], attempted: null };
  #startedMs = -Infinity;

  constructor(options: TransactionalProducerOptions) {
    const { openSlot, signal, onAway } = options;
    this.#options = options;
    this.#slot = openSlot({ signal, onAway, onConnected: () => this.#verify() });
  }

  async start(positions: PositionTopic): Promise<FoundPositions> {
    await this.#slot.connect();
    await positions.open();
    const found = await positions.read();
    this.#positions = positions;
    this.#standing = { own: found.own, others: found.keys, attempted: null };
    return found;
  }

  async turn(): Promise<void> {
    const { lingerMs, signal } = this.#options;
    const waitMs = this.#startedMs + lingerMs - performance.now();
    if (waitMs > 0) await sleep(waitMs, undefined, { signal }).catch(() => {});
  }

  /**
   * One transaction, tried until its outcome is known. Of records that are refused nothing is stored.
   *
   * @param records with the position that they bring the partition to
   * @throws DeposedError, HaltError, StoppedError
   */
  async send(records: readonly Outgoing[]): Promise<SendOutcome> {
    const target = records.find(isPosition)?.position;
    if (!target) throw new TypeError('a transaction needs the position that it brings the partition to');
    this.#startedMs = performance.now();
    for (;;) {
      // May find that the transaction tried before was committed after all.
      await this.#slot.connect();
      if (this.#standing.own === target) return { kind: 'stored' };
      this.#standing = { ...this.#standing, attempted: target };
      try {
        await this.#slot.send(records);
        this.#committed();
        return { kind: 'stored' };
      } catch (error) {
        if (!(error instanceof KafkaDriverError)) throw error;
        if (FENCED.has(error.code)) throw new DeposedError(error.message, { cause: error });
        const outcome = outcomesOf([records], error)[0];
        if (outcome?.kind !== 'fault') continue;
        if (error.recordFault && outcome.culprit === undefined) throw error;
        // It was aborted, so it is no longer something that may have happened.
        this.#standing = { ...this.#standing, attempted: null };
        return outcome;
      }
    }
  }

  limitBatches(bytes: number): void {
    this.#slot.limitBatches(bytes);
  }

  /** It has no company to be kept apart from. */
  apart(): Apart {
    return { send: (records) => this.send(records), [Symbol.asyncDispose]: () => Promise.resolve() };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#slot[Symbol.asyncDispose]();
  }

  #committed(): void {
    this.#standing = { own: this.#standing.attempted, others: [], attempted: null };
  }

  async #verify(): Promise<void> {
    // The first time there is nothing to compare with.
    if (this.#positions === null) return;
    switch (standingOf(await this.#positions.read(), this.#standing)) {
      case 'unchanged':
        return;
      case 'attempted':
        return this.#committed();
      case 'lost':
        throw new HaltError(
          'position-missing',
          'the positions topic in Kafka lost the position of this partition while it was at work',
        );
      case 'deposed':
        throw new DeposedError('another owner has moved the position on');
    }
  }
}

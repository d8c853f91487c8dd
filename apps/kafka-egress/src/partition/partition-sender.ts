import type { Delivery } from '../kafka/delivery.ts';
import type { Outgoing } from '../kafka/outgoing.ts';
import type { Producer } from '../kafka/producer.ts';
import type { OutMessage } from '../out/out-message.ts';
import type { OutQueue } from '../out/out-queue.ts';
import type { PositionTopic } from '../position/position-topic.ts';
import { positionOf, type EgressPosition } from '../position/position.ts';
import type { PartitionMetrics } from './partition-metrics.ts';

export interface SenderOptions {
  readonly queue: OutQueue;
  readonly delivery: Delivery;
  /** Says when the next send may be made up, and whether a position is stored together with its records. */
  readonly producer: Pick<Producer, 'turn' | 'atomic'>;
  readonly positions: PositionTopic;
  /** Keys of former owners, removed with the first commit. */
  readonly formerKeys: readonly string[];
  /** Incarnation of the OUT stream. */
  readonly out: string;
  /** Finish what is in flight, commit, and return. */
  readonly stop: AbortSignal;
  /** Nothing may be sent any more. */
  readonly hard: AbortSignal;
  readonly idleCommitMs: number;
  readonly metrics: PartitionMetrics;
  onCommitted(commit: Commit): void;
}

/** A position that Kafka holds. */
export interface Commit {
  readonly position: EgressPosition;
  /** Sequence of its message in OUT. */
  readonly outSequence: number;
}

/** Progress without records costs nothing to repeat: its position is committed at leisure. */
const EMPTY_COMMIT_MS = 5_000;

/**
 * Sends what is in the queue, one send at a time. Where a send is a transaction, the position of a batch is part of it. Elsewhere
 * it travels with the records of the next one: it is in Kafka no earlier than its records, and costs no request of its own.
 */
export class PartitionSender {
  readonly #options: SenderOptions;
  #formerKeys: readonly string[];
  /** All up to here is stored, but its position is not. */
  #pending: Commit | null = null;
  #commitAtMs = Infinity;

  constructor(options: SenderOptions) {
    this.#options = options;
    this.#formerKeys = options.formerKeys;
  }

  /** Runs until `stop`, or until the queue has ended and is empty. */
  async run(): Promise<void> {
    const { queue, stop, hard, producer } = this.#options;
    while (!stop.aborted) {
      await queue.arrival(this.#commitAtMs - performance.now());
      if (queue.empty) {
        if (queue.ended) break;
        await this.#commit();
        continue;
      }
      await queue.fill(producer.turn());
      if (!stop.aborted) await this.#send(queue.take());
    }
    if (!hard.aborted) await this.#commit();
  }

  async #send(messages: readonly OutMessage[]): Promise<void> {
    const { delivery, metrics, out, idleCommitMs, producer } = this.#options;
    const last = messages.at(-1);
    if (last === undefined) return;
    const records: Outgoing[] = [];
    let bytes = 0;
    let oldestMs = Infinity;
    for (const message of messages) {
      for (const record of message.records) {
        records.push(record);
        bytes += record.bytes;
        oldestMs = Math.min(oldestMs, record.timestampMs);
      }
    }
    const count = records.length;
    const reached = { position: positionOf(last.position, out), outSequence: last.sequence };
    if (count > 0) {
      const travelling = producer.atomic ? reached : this.#pending;
      if (travelling) this.#addPosition(records, travelling);
      await delivery.deliver(records);
      metrics.records.add(count);
      metrics.recordBytes.add(bytes);
      metrics.commitSeconds.record(Math.max(0, Date.now() - oldestMs) / 1_000);
      if (travelling) this.#committed(travelling);
    }
    if (count > 0 && producer.atomic) return;
    this.#pending = reached;
    const dueMs = performance.now() + (count > 0 ? idleCommitMs : EMPTY_COMMIT_MS);
    this.#commitAtMs = Math.min(count > 0 ? Infinity : this.#commitAtMs, dueMs);
  }

  /** Stores the position alone. */
  async #commit(): Promise<void> {
    const pending = this.#pending;
    if (pending === null) return;
    const records: Outgoing[] = [];
    this.#addPosition(records, pending);
    await this.#options.delivery.deliver(records);
    this.#committed(pending);
  }

  #addPosition(records: Outgoing[], { position }: Commit): void {
    const { positions } = this.#options;
    records.push(positions.record(position));
    for (const key of this.#formerKeys) records.push(positions.tombstone(key));
  }

  #committed(commit: Commit): void {
    this.#formerKeys = [];
    this.#pending = null;
    this.#commitAtMs = Infinity;
    this.#options.onCommitted(commit);
  }
}

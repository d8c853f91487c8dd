import type { OutPosition } from '@tributary/contracts';
import type { Delivery } from '../kafka/delivery.ts';
import type { Outgoing } from '../kafka/outgoing.ts';
import type { OutMessage } from '../out/out-message.ts';
import type { OutQueue } from '../out/out-queue.ts';
import type { PositionTopic } from '../position/position-topic.ts';
import { positionOf, type EgressPosition } from '../position/position.ts';
import type { PartitionMetrics } from './partition-metrics.ts';

export interface SenderOptions {
  readonly queue: OutQueue;
  readonly delivery: Delivery;
  /** Resolves when the next send may be made up. */
  turn(): Promise<void>;
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
  /** Everything up to and including this message is in Kafka or among the dead letters; its position may be stored later. */
  onDelivered(position: OutPosition): void;
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
 * Sends what is in the queue, one send at a time. The position of a batch travels with the records of the next one:
 * it is in Kafka no earlier than its records, and costs no request of its own.
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
    const { queue, stop, hard, turn } = this.#options;
    while (!stop.aborted) {
      await queue.arrival(this.#commitAtMs - performance.now());
      if (queue.empty) {
        if (queue.ended) break;
        await this.#commit();
        continue;
      }
      await queue.fill(turn());
      if (!stop.aborted) await this.#send(queue.take());
    }
    if (!hard.aborted) await this.#commit();
  }

  async #send(messages: readonly OutMessage[]): Promise<void> {
    const { delivery, metrics, out, idleCommitMs } = this.#options;
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
    if (count > 0) {
      const travelling = this.#pending;
      if (travelling) this.#addPosition(records, travelling);
      await delivery.deliver(records);
      metrics.records.add(count);
      metrics.recordBytes.add(bytes);
      metrics.commitSeconds.record(Math.max(0, Date.now() - oldestMs) / 1_000);
      if (travelling) this.#committed(travelling);
    }
    this.#pending = { position: positionOf(last.position, out), outSequence: last.sequence };
    this.#options.onDelivered(last.position);
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
    this.#pending = null;
    this.#commitAtMs = Infinity;
    this.#committed(pending);
  }

  #addPosition(records: Outgoing[], { position }: Commit): void {
    const { positions } = this.#options;
    records.push(positions.record(position));
    for (const key of this.#formerKeys) records.push(positions.tombstone(key));
  }

  #committed(commit: Commit): void {
    this.#formerKeys = [];
    this.#options.onCommitted(commit);
  }
}

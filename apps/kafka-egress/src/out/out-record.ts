import { decodeHeaders, type OutPosition, type OutRow, type RecordBatch } from '@tributary/contracts';
import type { ProducedRecord, RecordHeader } from '@tributary/kafka';

/** A record of OUT on its way to Kafka. It remembers where it came from, in case Kafka refuses it. */
export class OutRecord implements ProducedRecord {
  readonly topic: string;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly RecordHeader[];
  readonly timestampMs: number;
  /** Set once the partition count of the topic is known; stays the same over retries. */
  partition = -1;
  /** Key and value, in bytes. */
  readonly bytes: number;
  readonly #batch: RecordBatch;
  readonly #index: number;
  /** Of the OUT message it came in. */
  readonly position: OutPosition;

  constructor(row: OutRow, batch: RecordBatch, index: number, position: OutPosition) {
    this.topic = row.topic;
    this.key = row.key;
    this.value = row.value;
    this.headers = decodeHeaders(row.headers);
    this.timestampMs = row.timestampMs;
    this.bytes = (row.key?.length ?? 0) + (row.value?.length ?? 0);
    this.#batch = batch;
    this.#index = index;
    this.position = position;
  }

  /** The row as OUT holds it. */
  row(): OutRow {
    return this.#batch.row(this.#index);
  }
}

import { decodeHeaders, type OutPosition, type OutRow } from '@tributary/contracts';
import type { ProducedRecord, RecordHeader } from '@tributary/kafka';

/** A record of OUT on its way to Kafka. It keeps its row, in case Kafka refuses it. */
export class OutRecord implements ProducedRecord {
  readonly row: OutRow;
  /** Of the OUT message it came in. */
  readonly position: OutPosition;
  readonly headers: readonly RecordHeader[];
  /** Set once the partition count of the topic is known; stays the same over retries. */
  partition = -1;

  constructor(row: OutRow, position: OutPosition) {
    this.row = row;
    this.position = position;
    this.headers = decodeHeaders(row.headers);
  }

  get topic(): string {
    return this.row.topic;
  }

  get key(): Uint8Array | null {
    return this.row.key;
  }

  get value(): Uint8Array | null {
    return this.row.value;
  }

  get timestampMs(): number {
    return this.row.timestampMs;
  }

  /** Key and value, in bytes. */
  get bytes(): number {
    const { key, value } = this.row;
    return (key?.length ?? 0) + (value?.length ?? 0);
  }
}

/** One header. Names may repeat and their order is kept as far as the driver's library can (see `HeaderFidelity`). */
export type RecordHeader = readonly [name: string, value: Uint8Array];

/** A record ready for Kafka: where it goes is decided, nothing is left to a partitioner. */
export interface ProducedRecord {
  readonly topic: string;
  /** Partition of the topic, from 0. See `javaPartition`. */
  readonly partition: number;
  readonly key: Uint8Array | null;
  /** Null is a tombstone. */
  readonly value: Uint8Array | null;
  readonly headers: readonly RecordHeader[];
  /** CreateTime of the record, milliseconds since 1970. */
  readonly timestampMs: number;
}

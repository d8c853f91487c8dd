/**
 * One header. Names may repeat. The platformatic driver keeps their order; kafkajs moves values of one name to where the name stood
 * first, and names that look like integers to the front.
 */
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

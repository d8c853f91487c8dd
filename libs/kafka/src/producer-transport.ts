import type { PartitionBatch } from './partition-batch.ts';
import type { OffsetRange, ProducerDriverName } from './producer-driver.ts';

/**
 * What a client library does for a driver; the contract's bookkeeping is in `GuardedDriver`, the same for all.
 *
 * Failures are `KafkaDriverError`; `stored` holds what is known to be stored of the batches given.
 */
export interface ProducerTransport {
  readonly name: ProducerDriverName;
  /** Null: every batch stands for itself. Otherwise what is produced between two ends is stored together or not at all. */
  readonly transaction: {
    /** If it rejects, nobody knows the outcome. */
    commit(): Promise<void>;
    abort(): Promise<void>;
  } | null;
  open(): Promise<void>;
  /**
   * Stores batches of different partitions, retrying with the same producer id and sequence numbers for as long as retrying makes
   * sense. Resolves with where the records are: for each batch one range, or several in order if the batch had to be divided.
   */
  produce(batches: readonly PartitionBatch[]): Promise<readonly OffsetRange[]>;
  /** From here on nothing reaches the network: sockets are destroyed, none is opened, retries end. Synchronous and idempotent. */
  sever(): void;
  /** Frees what is left after `sever`. */
  dispose(): Promise<void>;
}

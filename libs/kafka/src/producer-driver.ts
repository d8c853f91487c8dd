import type { ProducedRecord } from './produced-record.ts';

/** Consecutive records of one send in one partition. */
export interface OffsetRange {
  readonly topic: string;
  readonly partition: number;
  readonly firstOffset: bigint;
  /** Inclusive. */
  readonly lastOffset: bigint;
}

export interface SendResult {
  /**
   * Where the records are. Each partition sent to is named; the ranges of a partition are in the order of its records
   * and hold exactly as many. A partition has several ranges if its records did not fit one batch.
   */
  readonly ranges: readonly OffsetRange[];
}

export type ProducerDriverName = 'kafkajs' | 'platformatic';

/**
 * Writes records to one Kafka cluster, at least once and in order; with transactions all of a send or nothing.
 *
 * The contract every driver keeps and every caller relies on:
 *
 * 1. **Idempotent, acks=all.** Retries within one send keep producer id, epoch and sequence numbers (KIP-98), so what
 *    a broker stored before an answer was lost is not stored again. A send goes on retrying through lost connections, leader changes
 *    and missing replicas until `deliveryTimeoutMs`, telling `onRetry` each time.
 * 2. **One send in flight.** A second `send` before the first has settled is refused (`send-in-flight`): with two, a
 *    lost answer can make a broker drop the later batch as a duplicate. Order per partition is the order of the calls and of
 *    the records within a call.
 * 3. **Every partition is accounted for.** A send resolves only if each partition it wrote to has an offset in the answer;
 *    otherwise it fails with `offset-missing`.
 * 4. **A failed send ends the driver.** Sequence numbers and the broker's memory may differ by then. Every later call throws `driver-failed`;
 *    nothing more reaches the network, not even from retries inside a library. The caller closes it, creates another and decides
 *    by the error's flags what to send again; `error.stored` says what is known to be stored. What was on its way to
 *    a broker when a send failed may still be stored: sending again is at least once, not exactly once.
 * 5. **Recycle.** Sequence numbers are 31 bits. When `recycleDue` is true the caller replaces the driver between two sends; at 2^31 - 1 records
 *    `send` throws `sequence-exhausted`.
 *
 * A call that is refused before anything is sent (a second send, a record that is none) changes nothing. Failures are
 * `KafkaDriverError`.
 *
 * With a `transaction` among its options (ADR 10):
 *
 * 6. **Connecting fences.** It ends, committed or aborted, what the former driver of that id left open, and takes from it the power to
 *    write. Who is fenced learns it by its next send: `producer-fenced` or `invalid-producer-epoch`.
 * 7. **A send is a transaction.** It resolves when the transaction is committed. If it rejects with `recordFault` or `topicFault`,
 *    it is aborted, or will be by the next driver that connects; `stored` is empty, and a record at fault is always named. If it
 *    rejects otherwise, it may be committed or not: connect the next driver, then look at what is there.
 */
export interface ProducerDriver extends AsyncDisposable {
  readonly name: ProducerDriverName;
  /** True when the driver should be replaced before the next send (rule 5). */
  readonly recycleDue: boolean;
  /** True after connect() until a send fails or the driver is closed. */
  readonly usable: boolean;
  /** Connects, authenticates and obtains a producer id. To be called once. Rejects at the latest after `requestTimeoutMs`. */
  connect(): Promise<void>;
  /** Stores the records; an empty list is allowed and stores nothing. */
  send(records: readonly ProducedRecord[]): Promise<SendResult>;
  /** Ends the driver at once; a send in flight rejects with `driver-closed` and its outcome is unknown. Never rejects. */
  close(): Promise<void>;
}

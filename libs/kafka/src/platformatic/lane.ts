import type { PartitionBatch } from '../partition-batch.ts';
import type { ProducedRecord } from '../produced-record.ts';
import type { OffsetRange } from '../producer-driver.ts';

/** Consecutive records of a partition with the sequence number of the first. */
export interface Piece {
  readonly records: readonly ProducedRecord[];
  readonly firstSequence: number;
  /** Index of the first record within the batch. */
  readonly at: number;
  /** Encoded when first sent; every further try sends the same bytes. */
  bytes: Buffer | undefined;
}

/** One batch on its way to its partition: its pieces go one after the other, each until the broker has answered for it. */
export class Lane {
  readonly batch: PartitionBatch;
  readonly ranges: OffsetRange[] = [];
  readonly #pieces: Piece[];

  constructor(batch: PartitionBatch, firstSequence: number) {
    this.batch = batch;
    this.#pieces = [{ records: batch.records, firstSequence, at: 0, bytes: undefined }];
  }

  /** The piece to be sent; undefined when all is stored. */
  get head(): Piece | undefined {
    return this.#pieces[0];
  }

  stored(firstOffset: bigint): void {
    const piece = this.#pieces.shift()!;
    const { topic, partition } = this.batch;
    const lastOffset = firstOffset + BigInt(piece.records.length - 1);
    this.ranges.push({ topic, partition, firstOffset, lastOffset });
  }

  /**
   * Divides a piece the broker refused for what is in it. It was refused before it was appended, so its sequence numbers are still
   * free. False if it is a single record.
   */
  divide(): boolean {
    const { records, firstSequence, at } = this.#pieces[0]!;
    if (records.length < 2) return false;
    const middle = records.length >>> 1;
    this.#pieces.splice(
      0,
      1,
      { records: records.slice(0, middle), firstSequence, at, bytes: undefined },
      {
        records: records.slice(middle),
        firstSequence: (firstSequence + middle) % 2 ** 31,
        at: at + middle,
        bytes: undefined,
      },
    );
    return true;
  }
}

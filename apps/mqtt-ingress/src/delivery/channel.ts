import type { DeliveryBatchInfo } from '@tributary/contracts';

/** Channels from here on are those of session shards. */
export const FIRST_SHARD_CHANNEL = 0x8000_0000;

/**
 * accept: the next one. stale: of an owner that was replaced. repeat: it was accepted before. gap: one before it is
 * missing.
 */
export type BatchVerdict = 'accepted' | 'stale' | 'repeated' | 'gap';

/**
 * How far deliveries on one channel have come. Batches of an owner are numbered without gaps; an owner that takes
 * over has a higher epoch, starts again at 1, and may repeat messages that its predecessor had delivered already.
 */
export class Channel {
  #epoch = 0;
  #number = 0;
  #lastSequence = 0;
  #lastRow = -1;

  get epoch(): number {
    return this.#epoch;
  }

  /** Number of the last batch accepted of this epoch. */
  get number(): number {
    return this.#number;
  }

  judge({ epoch, number }: DeliveryBatchInfo): BatchVerdict {
    if (epoch < this.#epoch) return 'stale';
    if (epoch > this.#epoch) {
      this.#epoch = epoch;
      this.#number = 0;
    }
    if (number <= this.#number) return 'repeated';
    if (number > this.#number + 1) return 'gap';
    this.#number = number;
    return 'accepted';
  }

  /**
   * Whether this message of the log was delivered before, under an earlier owner of the partition. Only for channels
   * of partitions: their owners read the log in order. A sequence of 0 says that the delivery is no news of the log.
   */
  seen(sequence: number, row: number): boolean {
    if (sequence === 0) return false;
    if (sequence < this.#lastSequence) return true;
    if (sequence === this.#lastSequence && row <= this.#lastRow) return true;
    this.#lastSequence = sequence;
    this.#lastRow = row;
    return false;
  }
}

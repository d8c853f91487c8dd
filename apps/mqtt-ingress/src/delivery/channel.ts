import type { Delivery, DeliveryBatchInfo, DeliveryRecipient } from '@tributary/contracts';

/**
 * accepted: the next one. stale: of an owner that was replaced. repeated: it was accepted before. gap: one before it is
 * missing.
 */
export type BatchVerdict = 'accepted' | 'stale' | 'repeated' | 'gap';

/** The last message of the log that was delivered, and to whom: one message may come in several deliveries. */
interface Reached {
  sequence: number;
  row: number;
  clientIds: Set<string>;
}

const NOWHERE: Reached = { sequence: 0, row: -1, clientIds: new Set() };

/**
 * How far deliveries on one channel have come. Batches of an owner are numbered without gaps; an owner that takes
 * over has a higher epoch, starts again at 1, and may repeat messages that its predecessor had delivered already.
 */
export class Channel {
  #epoch = 0;
  #number = 0;
  #reached = NOWHERE;
  /** How far earlier owners had come: what is not behind it is a repeat. */
  #floor = NOWHERE;

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
      this.#floor = { ...this.#reached, clientIds: new Set(this.#reached.clientIds) };
    }
    if (number <= this.#number) return 'repeated';
    if (number > this.#number + 1) return 'gap';
    this.#number = number;
    return 'accepted';
  }

  /**
   * Of the recipients of a delivery those who have not had it from an earlier owner. Only for channels of log
   * partitions, whose owners read the log in order.
   */
  news({ logSequence, row, recipients }: Delivery): readonly DeliveryRecipient[] {
    const floor = this.#floor;
    const beyond = compare(logSequence, row, floor);
    if (beyond < 0) return [];
    const news =
      beyond > 0 ? recipients : recipients.filter(({ clientId }) => !floor.clientIds.has(clientId));
    const further = compare(logSequence, row, this.#reached);
    if (further > 0) this.#reached = { sequence: logSequence, row, clientIds: new Set() };
    if (further >= 0) for (const { clientId } of news) this.#reached.clientIds.add(clientId);
    return news;
  }
}

function compare(sequence: number, row: number, reached: Reached): number {
  return sequence - reached.sequence || row - reached.row;
}

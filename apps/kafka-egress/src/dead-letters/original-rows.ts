import type { JetStreamManager, StoredMsg } from '@nats-io/jetstream';
import {
  ContractError,
  Envelope,
  openDeadLetter,
  originalOf,
  streamNames,
  type DeadLetter,
  type OutRow,
} from '@tributary/contracts';

export interface OriginalRowsOptions {
  readonly manager: JetStreamManager;
  readonly cluster: string;
  readonly generation: number;
  /** Partition of the log. */
  readonly partition: number;
}

/** The streams are not asked again for so long after one that did not answer: finding an original is not worth an outage. */
const PAUSE_MS = 10_000;

/**
 * Finds the message that a refused record was made from, as far as it can still be had: in the log, which keeps at
 * least what is younger than its duplicate window; or, of a record that a replay made, in the letter that was replayed.
 */
export class OriginalRows {
  readonly #options: OriginalRowsOptions;
  /** Of the log: records of one envelope are mostly refused together. */
  #last: { readonly sequence: number; readonly envelope: Envelope | null } | null = null;
  #silentUntilMs = -Infinity;

  constructor(options: OriginalRowsOptions) {
    this.#options = options;
  }

  /** @returns null if it is gone, or nobody answers */
  async find({ replayOf, row }: DeadLetter): Promise<Uint8Array | null> {
    if (performance.now() < this.#silentUntilMs) return null;
    try {
      return await (replayOf === 0 ? this.#inLog(row) : this.#inLetter(replayOf));
    } catch (error) {
      // What is there but cannot be read is as good as gone.
      if (!(error instanceof ContractError)) this.#silentUntilMs = performance.now() + PAUSE_MS;
      return null;
    }
  }

  /** Lets go of what it keeps in case the next record is of the same envelope. */
  forget(): void {
    this.#last = null;
  }

  async #inLog({ logSequence, row, timestampMs }: OutRow): Promise<Uint8Array | null> {
    const { generation, partition } = this.#options;
    if (this.#last?.sequence !== logSequence) {
      const found = await this.#read(streamNames.log(generation, partition), logSequence);
      this.#last = { sequence: logSequence, envelope: found && Envelope.open(found.data) };
    }
    const { envelope } = this.#last;
    if (envelope === null || row >= envelope.rows) return null;
    const original = envelope.row(row);
    // A record bears the time of its message: this tells a log that was created anew.
    return original.receivedMs === timestampMs ? original.bytes : null;
  }

  async #inLetter(sequence: number): Promise<Uint8Array | null> {
    const found = await this.#read(streamNames.deadLetters(this.#options.cluster), sequence);
    return found && originalOf(openDeadLetter((name) => found.header.get(name), found.data, 0));
  }

  #read(stream: string, seq: number): Promise<StoredMsg | null> {
    return this.#options.manager.streams.getMessage(stream, { seq });
  }
}

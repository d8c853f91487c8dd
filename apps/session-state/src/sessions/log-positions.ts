import type { JournalLog, LogPlace } from '@tributary/contracts';
import type { Journaled } from './session.ts';

interface Reached {
  logSequence: number;
  row: number;
  /** Whose queues hold the row already, if not all that it is for; null: all. */
  partly: Set<string> | null;
}

/**
 * How far the log has been turned into entries of the journal, so that what is read again after a start does not enter a queue
 * twice: the journal is the checkpoint. It holds these positions too, so that they outlive the entries they came from.
 */
export class LogPositions implements Journaled {
  at = 0;
  readonly #reached: (Reached | undefined)[] = [];
  #incarnations: readonly string[] = [];

  /** Something made from this row is in the journal, or will be in this order. */
  note({ partition, logSequence, row }: LogPlace, complete: boolean, clientIds: Iterable<string>): void {
    const reached = this.#reached[partition];
    const same = reached?.logSequence === logSequence && reached.row === row;
    if (complete) {
      this.#reached[partition] = { logSequence, row, partly: null };
    } else if (same && reached.partly !== null) {
      for (const clientId of clientIds) reached.partly.add(clientId);
    } else {
      this.#reached[partition] = { logSequence, row, partly: new Set(clientIds) };
    }
  }

  /** Whether a row has entered the queue of this client, or never had to. */
  isPast({ partition, logSequence, row }: LogPlace, clientId: string): boolean {
    const reached = this.#reached[partition];
    if (reached === undefined || logSequence > reached.logSequence) return false;
    if (logSequence < reached.logSequence || row < reached.row) return true;
    return row === reached.row && (reached.partly === null || reached.partly.has(clientId));
  }

  /** Takes what the journal says. */
  restore(logs: readonly JournalLog[]): void {
    this.#incarnations = logs.map(({ incarnation }) => incarnation);
    logs.forEach(({ logSequence, row }, partition) => {
      this.#reached[partition] = logSequence === 0 ? undefined : { logSequence, row, partly: null };
    });
  }

  /** The log as it is now: positions in another one say nothing about it. */
  adopt(incarnations: readonly string[]): void {
    incarnations.forEach((incarnation, partition) => {
      if (incarnation !== this.#incarnations[partition]) this.#reached[partition] = undefined;
    });
    this.#incarnations = incarnations;
  }

  /** To be written to the journal. A row that is partly in it counts as not there: rather twice than never. */
  save(): JournalLog[] {
    return this.#incarnations.map((incarnation, partition) => {
      const reached = this.#reached[partition];
      if (reached === undefined) return { incarnation, logSequence: 0, row: 0 };
      const { logSequence, row, partly } = reached;
      if (partly === null) return { incarnation, logSequence, row };
      return row > 0
        ? { incarnation, logSequence, row: row - 1 }
        : { incarnation, logSequence: logSequence - 1, row: LAST_ROW };
    });
  }
}

/** Behind every row an envelope can have. */
const LAST_ROW = 0xffff_ffff;

/** What the numbers of the messages say about the way they came. */
export interface LedgerCounts {
  /** Different messages. */
  distinct: number;
  /** Messages seen before. */
  duplicated: number;
  /** Messages seen for the first time after a later one of the same client. */
  reordered: number;
  /** Messages in another Kafka partition than earlier ones of the same client, or under a key that is not its own. */
  misplaced: number;
}

export interface LostMessage {
  client: number;
  number: number;
}

/** What was acknowledged and has not come. */
export interface Missing {
  lost: number;
  /** Those of them that nothing later of their client has overtaken: a system that stands still may yet bring them. */
  outstanding: number;
  examples: LostMessage[];
}

const NOT_SEEN = -1;
const EXAMPLES = 10;

/**
 * Follows the numbers of each client's messages, which begin with 1 and leave none out. Exact whatever comes: a number below the
 * highest seen is either one of the gaps that were left, or a duplicate.
 */
export class SequenceLedger {
  readonly #highest: Uint32Array;
  readonly #partition: Int32Array;
  readonly #gaps = new Map<number, Set<number>>();
  #distinct = 0;
  #duplicated = 0;
  #reordered = 0;
  #misplaced = 0;

  constructor(clients: number) {
    this.#highest = new Uint32Array(clients);
    this.#partition = new Int32Array(clients).fill(NOT_SEEN);
  }

  /** @param keyClient whose key the record has, -1 for nobody's */
  observe(client: number, number: number, partition: number, keyClient: number): void {
    const home = this.#partition[client]!;
    if (home === NOT_SEEN) this.#partition[client] = partition;
    if ((home !== NOT_SEEN && home !== partition) || keyClient !== client) this.#misplaced++;
    const highest = this.#highest[client]!;
    if (number === highest + 1) {
      this.#highest[client] = number;
      this.#distinct++;
    } else this.#outOfTurn(client, number, highest);
  }

  get distinct(): number {
    return this.#distinct;
  }

  counts(): LedgerCounts {
    return {
      distinct: this.#distinct,
      duplicated: this.#duplicated,
      reordered: this.#reordered,
      misplaced: this.#misplaced,
    };
  }

  /**
   * Which messages are missing of those that had to come.
   *
   * @param acknowledged of each client: all its numbers up to this one were acknowledged
   */
  missing(acknowledged: Uint32Array): Missing {
    const examples: LostMessage[] = [];
    let overtaken = 0;
    let outstanding = 0;
    const note = (client: number, number: number): void => {
      if (examples.length < EXAMPLES) examples.push({ client, number });
    };
    acknowledged.forEach((last, client) => {
      for (const number of this.#gaps.get(client) ?? []) {
        if (number > last) continue;
        overtaken++;
        note(client, number);
      }
      const highest = this.#highest[client] ?? 0;
      if (last <= highest) return;
      outstanding += last - highest;
      note(client, highest + 1);
    });
    return { lost: overtaken + outstanding, outstanding, examples };
  }

  #outOfTurn(client: number, number: number, highest: number): void {
    const gaps = this.#gaps.get(client) ?? new Set();
    if (number > highest) {
      for (let gap = highest + 1; gap < number; gap++) gaps.add(gap);
      this.#gaps.set(client, gaps);
      this.#highest[client] = number;
      this.#distinct++;
    } else if (gaps.delete(number)) {
      this.#reordered++;
      this.#distinct++;
    } else this.#duplicated++;
  }
}

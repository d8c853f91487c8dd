/** What a device is owed for a packet. */
export const Answer = { none: 0, puback: 1, pubrec: 2, pubcomp: 3 } as const;
export type Answer = (typeof Answer)[keyof typeof Answer];

/*
 * An entry is one number, so that a message costs no object:
 *
 *   bits 0-15 packet id, 16-17 answer, 18 ready (waits for no row), 19-26 reason code, 27 waits for Kafka
 */
const READY = 1 << 18;
const COMMIT = 1 << 27;
const NOTHING = new Int32Array(0);
const FIRST_CAPACITY = 8;

export function packetIdOf(entry: number): number {
  return entry & 0xffff;
}

export function answerOf(entry: number): Answer {
  return ((entry >>> 16) & 3) as Answer;
}

export function reasonOf(entry: number): number {
  return (entry >>> 19) & 0xff;
}

/**
 * The answers owed to one connection, in the order of its packets [MQTT-4.6.0-2]. Rows of one connection are
 * stored in the order they were appended, so the log confirms the oldest that waits for a row; an answer that
 * waits for none (a refusal, a repeat) still leaves behind those before it. Kafka commits in any order, so an answer that waits
 * for it has a ticket.
 */
export class PendingAnswers {
  #ring = NOTHING;
  #head = 0;
  #length = 0;
  /** Of the answers from the head on, so many wait for no row. */
  #settled = 0;
  #rows = 0;
  /** Answers that have left: the ticket of the head. */
  #left = 0;

  get length(): number {
    return this.#length;
  }

  /** Answers that wait for a row. */
  get rows(): number {
    return this.#rows;
  }

  /** An answer that leaves when its row is stored. */
  waitForRow(answer: Answer, packetId: number): void {
    this.#rows++;
    this.#push(packetId | (answer << 16));
  }

  /** An answer that leaves when its row is stored and then `settleCommit` was called. */
  waitForCommit(answer: Answer, packetId: number): void {
    this.#rows++;
    this.#push(packetId | (answer << 16) | COMMIT);
  }

  /** An answer that leaves as soon as those before it have. */
  ready(answer: Answer, packetId: number, reason: number): void {
    this.#push(packetId | (answer << 16) | READY | (reason << 19));
  }

  /**
   * The row of the oldest answer that waits for one, of which there must be one, is stored or never will be.
   * @returns the answer's ticket if it waits for a commit, else -1
   */
  rowSettled(): number {
    const ring = this.#ring;
    const last = ring.length - 1;
    let at = this.#settled;
    while (((ring[(this.#head + at) & last] ?? 0) & READY) !== 0) at++;
    const slot = (this.#head + at) & last;
    const entry = (ring[slot] ?? 0) | READY;
    ring[slot] = entry;
    this.#settled = at + 1;
    this.#rows--;
    return (entry & COMMIT) === 0 ? -1 : this.#left + at;
  }

  /** The answer waits for no commit any more. It must not have left. */
  settleCommit(ticket: number, reason: number): void {
    const slot = (this.#head + ticket - this.#left) & (this.#ring.length - 1);
    this.#ring[slot] = ((this.#ring[slot] ?? 0) & ~COMMIT) | (reason << 19);
  }

  /** Whether the oldest answer waits for nothing. */
  get headReady(): boolean {
    return this.#length > 0 && ((this.#ring[this.#head] ?? 0) & (READY | COMMIT)) === READY;
  }

  /** Takes the oldest answer; there must be one. */
  shift(): number {
    const entry = this.#ring[this.#head] ?? 0;
    this.#head = (this.#head + 1) & (this.#ring.length - 1);
    this.#length--;
    this.#left++;
    if (this.#settled > 0) this.#settled--;
    return entry;
  }

  #push(entry: number): void {
    if (this.#length === this.#ring.length) this.#grow();
    this.#ring[(this.#head + this.#length) & (this.#ring.length - 1)] = entry;
    this.#length++;
  }

  #grow(): void {
    const larger = new Int32Array(Math.max(this.#ring.length * 2, FIRST_CAPACITY));
    for (let i = 0; i < this.#length; i++) {
      larger[i] = this.#ring[(this.#head + i) & (this.#ring.length - 1)] ?? 0;
    }
    this.#ring = larger;
    this.#head = 0;
  }
}

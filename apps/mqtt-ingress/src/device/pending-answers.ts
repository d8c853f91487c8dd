/** What a device is owed for a packet. */
export const Answer = { none: 0, puback: 1, pubrec: 2, pubcomp: 3 } as const;
export type Answer = (typeof Answer)[keyof typeof Answer];

/*
 * An entry is one number, so that a message costs no object:
 *
 *   bits 0-15 packet id, 16-17 answer, 18 ready (waits for no row), 19-26 reason code
 */
const READY = 1 << 18;
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
 * waits for none (a refusal, a repeat) still leaves behind those before it.
 */
export class PendingAnswers {
  #ring = NOTHING;
  #head = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** An answer that leaves when its row is stored. */
  waitForRow(answer: Answer, packetId: number): void {
    this.#push(packetId | (answer << 16));
  }

  /** An answer that leaves as soon as those before it have. */
  ready(answer: Answer, packetId: number, reason: number): void {
    this.#push(packetId | (answer << 16) | READY | (reason << 19));
  }

  /** Whether the oldest answer waits for nothing. */
  get headReady(): boolean {
    return this.#length > 0 && ((this.#ring[this.#head] ?? 0) & READY) !== 0;
  }

  /** Takes the oldest answer; there must be one. */
  shift(): number {
    const entry = this.#ring[this.#head] ?? 0;
    this.#head = (this.#head + 1) & (this.#ring.length - 1);
    this.#length--;
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

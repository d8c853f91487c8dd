const PENDING = Symbol('pending');

const INITIAL_CAPACITY = 8;

/**
 * Lets answers leave in the order of the packets they answer although their work completes in any order
 * [MQTT-4.6.0-2, MQTT-4.6.0-3, MQTT-4.6.0-4]. One queue per connection and kind of packet; its length is bounded by
 * whoever opens places (pause the connection at a limit).
 */
export class AckQueue<Answer> {
  readonly #emit: (answer: Answer) => void;
  /** Ring of the places from `#head` to `#tail`; its length is a power of two. */
  #ring: (Answer | typeof PENDING | undefined)[] = [];
  #head = 0;
  #tail = 0;

  /** `emit` is called with each answer once it and all before it are there; it may open and settle places. */
  constructor(emit: (answer: Answer) => void) {
    this.#emit = emit;
  }

  /** Places opened whose answer has not left. */
  get size(): number {
    return this.#tail - this.#head;
  }

  /** Takes the next place in line; the number is good for one `settle`. */
  open(): number {
    if (this.size === this.#ring.length) this.#grow();
    const place = this.#tail++;
    this.#ring[place & (this.#ring.length - 1)] = PENDING;
    return place;
  }

  /** Gives the answer of a place, and emits all that now may leave. A place already settled or cleared is ignored. */
  settle(place: number, answer: Answer): void {
    if (place < this.#head || place >= this.#tail) return;
    const slot = place & (this.#ring.length - 1);
    if (this.#ring[slot] !== PENDING) return;
    this.#ring[slot] = answer;
    if (place === this.#head) this.#advance();
  }

  /** Forgets all places: the connection is gone. */
  clear(): void {
    this.#head = this.#tail;
    this.#ring = [];
  }

  #advance(): void {
    while (this.#head < this.#tail) {
      const slot = this.#head & (this.#ring.length - 1);
      const answer = this.#ring[slot];
      if (answer === PENDING) return;
      this.#ring[slot] = undefined;
      this.#head++;
      this.#emit(answer as Answer);
    }
  }

  #grow(): void {
    const grown = new Array<Answer | typeof PENDING | undefined>(
      Math.max(INITIAL_CAPACITY, this.#ring.length * 2),
    );
    for (let place = this.#head; place < this.#tail; place++) {
      grown[place & (grown.length - 1)] = this.#ring[place & (this.#ring.length - 1)];
    }
    this.#ring = grown;
  }
}

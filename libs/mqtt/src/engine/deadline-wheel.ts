/** Something that is looked at when its time comes. */
export interface Deadline {
  /** Returns the time (of the wheel) to look again, or 0 for never. */
  due(now: number): number;
}

const TICK_MS = 500;

/**
 * One timer for all connections: deadlines lie in buckets of half a second and move only when they come due, so a
 * packet costs an assignment and not a timer. Its clock stands still while the event loop is blocked: a process that
 * could not read must not blame its clients for silence.
 */
export class DeadlineWheel {
  /** Milliseconds; advances with each tick. */
  now = TICK_MS;
  readonly #buckets = new Map<number, Set<Deadline>>();
  readonly #places = new Map<Deadline, number>();
  readonly #timer: NodeJS.Timeout;
  #lastTick = performance.now();
  #bucket = 1;

  constructor() {
    this.#timer = setInterval(() => this.#tick(), TICK_MS).unref();
  }

  /** Looks at `deadline` at `time` (of this wheel's clock), not earlier; replaces an earlier entry of the same one. */
  set(deadline: Deadline, time: number): void {
    this.delete(deadline);
    // One bucket late: `now` may lag behind the true time by a tick.
    const place = Math.max(Math.ceil(time / TICK_MS) + 1, this.#bucket + 1);
    let bucket = this.#buckets.get(place);
    if (bucket === undefined) this.#buckets.set(place, (bucket = new Set()));
    bucket.add(deadline);
    this.#places.set(deadline, place);
  }

  delete(deadline: Deadline): void {
    const place = this.#places.get(deadline);
    if (place === undefined) return;
    this.#places.delete(deadline);
    const bucket = this.#buckets.get(place);
    bucket?.delete(deadline);
    if (bucket?.size === 0) this.#buckets.delete(place);
  }

  get size(): number {
    return this.#places.size;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#buckets.clear();
    this.#places.clear();
  }

  #tick(): void {
    const time = performance.now();
    this.now += Math.min(time - this.#lastTick, 2 * TICK_MS);
    this.#lastTick = time;
    const last = Math.floor(this.now / TICK_MS);
    while (this.#bucket < last) this.#open(++this.#bucket);
  }

  #open(place: number): void {
    const bucket = this.#buckets.get(place);
    if (bucket === undefined) return;
    this.#buckets.delete(place);
    for (const deadline of bucket) {
      this.#places.delete(deadline);
      const next = deadline.due(this.now);
      if (next > 0) this.set(deadline, next);
    }
  }
}

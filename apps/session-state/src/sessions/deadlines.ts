/**
 * Names with a time at which something is due, in whole seconds, so that a million of them cost nothing while none is due.
 */
export class Deadlines {
  readonly #bySecond = new Map<number, Set<string>>();
  readonly #seconds = new Map<string, number>();
  #looked: number;

  /** @param nowMs milliseconds since the epoch */
  constructor(nowMs: number) {
    this.#looked = Math.floor(nowMs / 1_000);
  }

  get size(): number {
    return this.#seconds.size;
  }

  /** Sets when a name is due, in milliseconds since the epoch; it has one time at most. */
  set(name: string, atMs: number): void {
    this.delete(name);
    // Never in a second that was looked at already.
    const second = Math.max(Math.ceil(atMs / 1_000), this.#looked + 1);
    this.#seconds.set(name, second);
    const names = this.#bySecond.get(second);
    if (names === undefined) this.#bySecond.set(second, new Set([name]));
    else names.add(name);
  }

  delete(name: string): void {
    const second = this.#seconds.get(name);
    if (second === undefined) return;
    this.#seconds.delete(name);
    const names = this.#bySecond.get(second);
    names?.delete(name);
    if (names?.size === 0) this.#bySecond.delete(second);
  }

  /** Takes the names that are due now. */
  due(nowMs: number): string[] {
    const now = Math.floor(nowMs / 1_000);
    const due: string[] = [];
    // After a long pause there are fewer times than seconds have passed.
    if (now - this.#looked > this.#bySecond.size) {
      for (const [second, names] of this.#bySecond) if (second <= now) due.push(...names);
    } else {
      for (let second = this.#looked + 1; second <= now; second++)
        due.push(...(this.#bySecond.get(second) ?? []));
    }
    this.#looked = Math.max(this.#looked, now);
    for (const name of due) this.delete(name);
    return due;
  }
}

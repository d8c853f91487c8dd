/** Something that has work to go on with. */
export interface Sleeper {
  wake(): void;
}

/** Connections woken in one turn of the event loop. */
const PER_TURN = 32;

/**
 * Lets many connections go on reading without doing it all at once: when back-pressure ends, thousands resume in the
 * same call, each with a buffer full of packets, and the event loop must go on turning.
 */
export class WakeQueue {
  #waiting: Sleeper[] = [];
  #scheduled = false;
  readonly #turn = (): void => {
    this.#scheduled = false;
    const turn = this.#waiting.splice(0, PER_TURN);
    if (this.#waiting.length > 0) this.#schedule();
    for (const sleeper of turn) sleeper.wake();
  };

  add(sleeper: Sleeper): void {
    this.#waiting.push(sleeper);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#turn);
  }
}

export interface SendRoundsOptions {
  /** Least time between the beginnings of two rounds that nobody is in a hurry for, in ms. */
  readonly lingerMs: number;
  /** True if something waits to be sent already. */
  isUrgent(): boolean;
  /** Sends what came together in a round. Never rejects. */
  depart(): Promise<void>;
}

/**
 * Says when sends begin, one after the other. Whoever waits for a turn is woken when a round begins, and what it adds then
 * leaves with it, at the end of this turn of the event loop. The first round after a pause begins at once.
 */
export class SendRounds {
  readonly #options: SendRoundsOptions;
  #state: 'idle' | 'boarding' | 'away' | 'ended' = 'idle';
  #turn: PromiseWithResolvers<void> | null = null;
  #beganMs = -Infinity;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: SendRoundsOptions) {
    this.#options = options;
  }

  /** Resolves when the next round begins. */
  turn(): Promise<void> {
    if (this.#state === 'boarding' || this.#state === 'ended') return Promise.resolve();
    const { promise } = (this.#turn ??= Promise.withResolvers<void>());
    this.schedule();
    return promise;
  }

  /** Has a round take place as soon as its time has come. */
  schedule(): void {
    if (this.#state !== 'idle') return;
    const { isUrgent, lingerMs } = this.#options;
    if (isUrgent()) this.#begin();
    else if (this.#turn !== null && this.#timer === undefined) {
      const waitMs = this.#beganMs + lingerMs - performance.now();
      if (waitMs > 0) this.#timer = setTimeout(() => this.#begin(), waitMs);
      else this.#begin();
    }
  }

  /** No round will follow. Nobody waits any more. */
  end(): void {
    this.#state = 'ended';
    this.#wake();
  }

  #begin(): void {
    this.#state = 'boarding';
    this.#beganMs = performance.now();
    this.#wake();
    setImmediate(() => void this.#run());
  }

  #wake(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#turn?.resolve();
    this.#turn = null;
  }

  async #run(): Promise<void> {
    if (this.#state === 'boarding') this.#state = 'away';
    await this.#options.depart();
    if (this.#state !== 'away') return;
    this.#state = 'idle';
    this.schedule();
  }
}

/** How the user, a service manager or the death of our parent asks us to stop. */
export class StopRequest {
  /** Aborted by the first request. */
  readonly signal: AbortSignal;
  readonly #first = new AbortController();

  /** `force` is called by every later request. */
  constructor(force: () => void) {
    this.signal = this.#first.signal;
    const request = () => {
      if (this.signal.aborted) force();
      this.#first.abort();
    };
    process.on('SIGINT', request);
    process.on('SIGTERM', request);
    process.on('SIGHUP', () => this.#first.abort());
    // The first script of `npm start` holds the other end: without it nobody could stop us with Ctrl-C any more.
    process.on('disconnect', () => this.#first.abort());
    process.channel?.unref();
  }

  /** Resolves at the first request. */
  async requested(): Promise<'stop'> {
    if (!this.signal.aborted) {
      await new Promise<void>((resolve) =>
        this.signal.addEventListener('abort', () => resolve(), { once: true }),
      );
    }
    return 'stop';
  }
}

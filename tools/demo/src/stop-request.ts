/** How the user asks the demo to end: first with a verdict over what was sent, then at once. */
export class StopRequest {
  readonly #early = new AbortController();
  readonly #now = new AbortController();

  constructor() {
    const request = (): void => (this.#early.signal.aborted ? this.#now : this.#early).abort();
    process.on('SIGINT', request).on('SIGTERM', request);
    process.on('SIGHUP', () => this.#early.abort());
    // The first script of `npm run demo` holds the other end: without it nobody could end us with Ctrl-C any more.
    process.on('disconnect', () => this.#early.abort());
    process.channel?.unref();
  }

  /** Publish nothing more, wait for what was sent, and judge it. */
  get early(): AbortSignal {
    return this.#early.signal;
  }

  /** Wait for nothing more. */
  get now(): AbortSignal {
    return this.#now.signal;
  }
}

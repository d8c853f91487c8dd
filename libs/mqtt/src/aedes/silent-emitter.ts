type Done = (error?: Error | null) => void;

/**
 * The message bus given to aedes: it keeps no subscription and routes nothing. What a device publishes leaves through
 * the host alone. Only aedes' own notices ($SYS) ever arrive here.
 */
export class SilentEmitter {
  on(_topic: string, _notify: unknown, done?: Done): this {
    return this.#later(done);
  }

  removeListener(_topic: string, _notify: unknown, done?: Done): this {
    return this.#later(done);
  }

  emit(_packet: object, done?: Done): this {
    return this.#later(done);
  }

  close(done?: Done): this {
    return this.#later(done);
  }

  /** Never at once: a synchronous callback re-enters aedes' parser. */
  #later(done: Done | undefined): this {
    if (done !== undefined) setImmediate(done);
    return this;
  }
}

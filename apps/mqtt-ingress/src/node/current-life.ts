import type { NodeLife } from './node-life.ts';

/**
 * The life that the node is in. Between two lives a CONNECT waits for a while rather than being refused: many clients
 * never try again once a CONNACK has refused them, and a lease is usually back within seconds.
 */
export class CurrentLife {
  readonly #patienceMs: number;
  readonly #waiting = new Map<object, (life: NodeLife | null) => void>();
  /** Connections that ended before they had a life. */
  readonly #gone = new WeakSet<object>();
  #life: NodeLife | null = null;

  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  /** Null while the node has no lease. */
  get(): NodeLife | null {
    return this.#life;
  }

  set(life: NodeLife | null): void {
    this.#life = life;
    if (life !== null) for (const wake of [...this.#waiting.values()]) wake(life);
  }

  /** The life for a new connection; null if none begins in time, or if the connection has ended meanwhile. */
  async forConnection(connection: object): Promise<NodeLife | null> {
    const life = await this.#next(connection);
    return this.#gone.has(connection) ? null : life;
  }

  /** A connection without a life has ended. */
  ended(connection: object): void {
    this.#gone.add(connection);
    this.#waiting.get(connection)?.(null);
  }

  #next(connection: object): Promise<NodeLife | null> {
    return new Promise((resolve) => {
      const settle = (life: NodeLife | null): void => {
        clearTimeout(timer);
        this.#waiting.delete(connection);
        resolve(life);
      };
      const timer = setTimeout(() => settle(null), this.#patienceMs);
      this.#waiting.set(connection, settle);
    });
  }
}

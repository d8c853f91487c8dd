import type { Service } from '@tributary/service';

const COMPONENT = 'log';

/** Says that the log takes nothing while an append has to be tried again, and why. */
export class LogHealth {
  readonly #health: Service['health'];
  readonly #stalled = new Set<number>();

  constructor(health: Service['health']) {
    this.#health = health;
    health.set(COMPONENT, true);
  }

  retried(partition: number, error: unknown): void {
    this.#stalled.add(partition);
    const why = error instanceof Error ? error.message : String(error);
    this.#health.set(COMPONENT, false, `partition ${partition} does not confirm appends: ${why}`);
  }

  stored(partition: number): void {
    if (this.#stalled.size === 0 || !this.#stalled.delete(partition)) return;
    if (this.#stalled.size === 0) this.#health.set(COMPONENT, true);
  }

  /** Nothing is appended any more by whom this was watching. */
  forget(): void {
    this.#stalled.clear();
    this.#health.set(COMPONENT, true);
  }
}

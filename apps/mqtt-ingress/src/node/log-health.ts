import { LogError } from '@tributary/log';
import type { Service } from '@tributary/service';

const COMPONENT = 'log';

/**
 * What nats-server does when its disk fails or is full (measured with 2.14.9): the stream refuses every further write
 * without an answer, and goes on refusing when there is room again, until the server is restarted.
 */
const SILENT =
  'NATS answers but stores nothing; if its disk was full or failed, make room and restart nats-server (docs/outages.md)';

/** Says that the log takes nothing while an append has to be tried again, and why. */
export class LogHealth {
  readonly #health: Service['health'];
  readonly #answers: (partition: number) => Promise<unknown>;
  readonly #stalled = new Set<number>();
  #asking = false;

  /** @param answers resolves if the server says something about a partition of the log */
  constructor(health: Service['health'], answers: (partition: number) => Promise<unknown>) {
    this.#health = health;
    this.#answers = answers;
    health.set(COMPONENT, true);
  }

  retried(partition: number, error: unknown): void {
    this.#stalled.add(partition);
    const why = error instanceof Error ? error.message : String(error);
    const reason = `partition ${partition} does not confirm appends: ${why}`;
    this.#health.set(COMPONENT, false, reason);
    if (error instanceof LogError && error.code === 'not-stored') void this.#ask(partition, reason);
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

  /** No answer to an append: is the server away, or does it only not store? */
  async #ask(partition: number, reason: string): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    try {
      await this.#answers(partition);
      if (this.#stalled.has(partition)) this.#health.set(COMPONENT, false, `${reason}: ${SILENT}`);
    } catch {
      // It is away: that the append was not answered says it all.
    } finally {
      this.#asking = false;
    }
  }
}

import { processIds } from './run-file.ts';

/** Whose end may make kafka-egress deliver again: its own, or that of what holds its lease or answers its sends. */
const REPEATERS = /^(kafka-egress|nats-server|kafka)(-\d+)?$/;

/** Tells which processes of a platform that matter to what is delivered twice have ended since it was made. */
export class Restarts {
  readonly #file: string;
  readonly #before: ReadonlyMap<string, number>;

  /** @param file the run.json, which has another process id after each start */
  constructor(file: string) {
    this.#file = file;
    this.#before = processIds(file);
  }

  seen(): string[] {
    const now = processIds(this.#file);
    return [...this.#before]
      .filter(([name, pid]) => REPEATERS.test(name) && now.get(name) !== pid)
      .map(([name]) => name);
  }
}

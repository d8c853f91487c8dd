import { setTimeout as delay } from 'node:timers/promises';
import type { Exit } from '@tributary/testing';

/** What a supervisor needs of a process. */
export interface Supervised {
  readonly pid: number;
  /** Of the process that runs now; also resolves if none runs. */
  readonly exited: Promise<Exit>;
  start(): Promise<void>;
  stop(): Promise<unknown>;
  kill(): Promise<unknown>;
}

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;
/** A process that has lived this long is taken for sound again. */
const SOUND_MS = 30_000;

/** Keeps one process running: one that ends is started again, after pauses that grow while it keeps ending. */
export class Supervisor {
  readonly name: string;
  readonly process: Supervised;
  readonly #say: (line: string) => void;
  readonly #changed: () => void;
  readonly #stopping = new AbortController();
  readonly #watching: Promise<void>;

  /** `process` must have been started. `changed` is called when another process id is in effect. */
  constructor(name: string, process: Supervised, say: (line: string) => void, changed: () => void) {
    this.name = name;
    this.process = process;
    this.#say = say;
    this.#changed = changed;
    this.#watching = this.#watch();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.process.stop();
    await this.#watching;
  }

  async kill(): Promise<void> {
    this.#stopping.abort();
    await this.process.kill();
  }

  async #watch(): Promise<void> {
    let pause = FIRST_PAUSE_MS;
    for (;;) {
      const since = performance.now();
      const exit = await this.process.exited;
      if (this.#stopping.signal.aborted) return;
      if (performance.now() - since > SOUND_MS) pause = FIRST_PAUSE_MS;
      this.#say(
        `${this.name} ended (${exit.signal ?? `exit code ${exit.code}`}), starting it again in ${pause / 1000} s`,
      );
      await this.#pause(pause);
      pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
      if (this.#stopping.signal.aborted) return;
      await this.#startAgain();
    }
  }

  async #startAgain(): Promise<void> {
    try {
      await this.process.start();
      if (this.#stopping.signal.aborted) return void (await this.process.stop());
      this.#say(`${this.name} runs again (pid ${this.process.pid})`);
      this.#changed();
    } catch (error) {
      if (!this.#stopping.signal.aborted) this.#say(error instanceof Error ? error.message : String(error));
    }
  }

  async #pause(milliseconds: number): Promise<void> {
    try {
      await delay(milliseconds, undefined, { signal: this.#stopping.signal });
    } catch {
      // Stopping need not wait.
    }
  }
}

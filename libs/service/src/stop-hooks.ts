import { withDeadline } from './deadline.ts';
import { TimeoutError } from './errors.ts';
import type { Log } from './log.ts';

interface StopHook {
  readonly name: string;
  readonly run: () => Promise<void> | void;
}

/** What to do when a service stops: the last opened is the first closed, each has ended before the next begins. */
export class StopHooks {
  readonly #hooks: StopHook[] = [];

  add(name: string, run: StopHook['run']): void {
    this.#hooks.push({ name, run });
  }

  /**
   * Runs and forgets all hooks. One that fails or is late is logged and does not keep the others from running, not even
   * after the deadline: each then still gets `graceMs`.
   *
   * @param deadline by `performance.now()`
   * @returns true if every hook ended well
   */
  async run(deadline: number, log: Log, graceMs = 100): Promise<StopOutcome> {
    let outcome: StopOutcome = 'clean';
    for (let hook = this.#hooks.pop(); hook; hook = this.#hooks.pop()) {
      const began = performance.now();
      try {
        await withDeadline(
          Promise.resolve(hook.run()),
          Math.max(graceMs, deadline - began),
          `stopping ${hook.name}`,
        );
        log.debug({ part: hook.name, ms: Math.round(performance.now() - began) }, 'stopped part');
      } catch (error) {
        log.error({ part: hook.name, error }, 'part did not stop well');
        if (error instanceof TimeoutError) outcome = 'timed out';
        else if (outcome === 'clean') outcome = 'failed';
      }
    }
    return outcome;
  }
}

export type StopOutcome = 'clean' | 'failed' | 'timed out';

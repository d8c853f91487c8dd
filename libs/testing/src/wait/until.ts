import { setTimeout as delay } from 'node:timers/promises';
import { TestingError } from '../errors.ts';

export interface UntilOptions {
  /** What is awaited, as the error will say it: "until <what>". */
  what?: string;
  /** Milliseconds until it is given up. Default 30 000: a busy machine is no failure. */
  timeoutMs?: number;
  /** Milliseconds between two looks. Default 20. */
  intervalMs?: number;
  signal?: AbortSignal;
}

type Truthy<T> = Exclude<T, false | 0 | '' | null | undefined>;

/**
 * Calls `predicate` until it gives something truthy, and returns that. A predicate that throws counts as "not yet";
 * its last error is the cause of the `timeout` error.
 */
export async function until<T>(
  predicate: () => T | Promise<T>,
  options: UntilOptions = {},
): Promise<Truthy<Awaited<T>>> {
  const { what = 'the condition holds', timeoutMs = 30_000, intervalMs = 20, signal } = options;
  const deadline = performance.now() + timeoutMs;
  let cause: unknown;
  for (;;) {
    signal?.throwIfAborted();
    try {
      const value = await predicate();
      if (value) return value as Truthy<Awaited<T>>;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (performance.now() >= deadline) {
      throw new TestingError('timeout', `waited ${timeoutMs} ms in vain until ${what}`, { cause });
    }
    await delay(intervalMs, undefined, signal ? { signal } : {});
  }
}

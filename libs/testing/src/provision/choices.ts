import { TestingError } from '../errors.ts';

/** One way of getting a program: a result, or the reason why this way is closed. */
export interface Choice<T> {
  /** What the user could do to open this way. */
  advice: string;
  find: () => Promise<T | { unavailable: string }>;
}

/** The first choice that leads somewhere. If none does, the `not-provisioned` error lists all with their reasons. */
export async function firstOf<T extends object>(what: string, choices: readonly Choice<T>[]): Promise<T> {
  const reasons: string[] = [];
  for (const { advice, find } of choices) {
    const found = await find();
    if (!('unavailable' in found)) return found;
    reasons.push(`  - ${advice} (${found.unavailable})`);
  }
  throw new TestingError(
    'not-provisioned',
    [`${what} was not found. Any one of these will do:`, ...reasons].join('\n'),
  );
}

/** For `find`: what an error says, as the reason. */
export function because(error: unknown): { unavailable: string } {
  const text = error instanceof Error ? error.message : String(error);
  return { unavailable: text.trim().replaceAll('\n', '\n      ') };
}

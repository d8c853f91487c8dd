import type { FoundPositions } from './position-topic.ts';
import type { EgressPosition } from './position.ts';

/** What an owner knows of its position in Kafka. */
export interface Standing {
  /** What it committed last; null before the first time. */
  readonly own: EgressPosition | null;
  /** Keys of former owners that it has not removed yet. */
  readonly others: readonly string[];
  /** What a transaction whose outcome is unknown would have committed, and removed all other keys. */
  readonly attempted: EgressPosition | null;
}

/**
 * Compares what an owner knows with what Kafka holds, read after all others were fenced. Whoever commits removes the keys of
 * all others, and no two owners have the same key, so what is there tells who was here last.
 */
export function standingOf(
  found: Pick<FoundPositions, 'own' | 'keys'>,
  { own, others, attempted }: Standing,
): 'unchanged' | 'attempted' | 'lost' | 'deposed' {
  const { own: foundOwn, keys } = found;
  if (attempted !== null && keys.length === 0 && isSame(foundOwn, attempted)) return 'attempted';
  if (isSame(foundOwn, own) && keys.length === others.length && keys.every((key) => others.includes(key))) {
    return 'unchanged';
  }
  return foundOwn === null && keys.length === 0 ? 'lost' : 'deposed';
}

function isSame(a: EgressPosition | null, b: EgressPosition | null): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

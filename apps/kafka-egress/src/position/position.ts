import type { OutPosition } from '@tributary/contracts';

/** How far one partition of one cluster has come. Everything of OUT up to and including it is in Kafka or a dead letter. */
export interface EgressPosition {
  /** Incarnation of the log partition's stream. */
  readonly incarnation: string;
  /** Incarnation of the OUT stream. */
  readonly out: string;
  /** Last log sequence of the OUT message's range. */
  readonly sequence: number;
  /** Part of that range, from 1. */
  readonly part: number;
}

/** Order of the messages of one OUT stream. */
export function comparePositions(
  a: Pick<EgressPosition, 'sequence' | 'part'>,
  b: Pick<EgressPosition, 'sequence' | 'part'>,
): number {
  return a.sequence - b.sequence || a.part - b.part;
}

export function positionOf({ incarnation, sequence, part }: OutPosition, out: string): EgressPosition {
  return { incarnation, out, sequence, part };
}

/** Names the partition of a cluster in the positions topic. */
export function positionScope(cluster: string, generation: number, partition: number): string {
  return `${cluster}/${generation}/${partition}`;
}

/*
 * Every owner writes under a key of its own. A producer without transactions cannot be fenced: an owner that was
 * stopped and wakes up late may still write its last position, and under a shared key that would replace the newer
 * one. Each position is true for ever, so the greatest of all is the one that counts.
 */
export function positionKey(scope: string, epoch: number): string {
  return `${scope}/${epoch}`;
}

/** True for the keys that owners of `scope` wrote under. */
export function isKeyOf(scope: string, key: string): boolean {
  return key.startsWith(`${scope}/`) && /^\d+$/.test(key.slice(scope.length + 1));
}

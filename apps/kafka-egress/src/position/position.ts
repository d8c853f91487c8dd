import type { OutPosition } from '@tributary/contracts';

/** How far one partition of one cluster has come. Everything of OUT up to and including it is in Kafka or a dead letter. */
export interface EgressPosition {
  /** Incarnation of the log partition's stream. */
  readonly incarnation: string;
  /** Incarnation of the OUT stream. */
  readonly out: string;
  /** Last log sequence of the OUT message's range. */
  readonly sequence: number;
  /** Batches of OUT that were made from dead letters, up to here. Absent: 0. */
  readonly replay?: number;
  /** Part of the batch, from 1. */
  readonly part: number;
}

/** A place in OUT. */
export type OutPlace = Pick<EgressPosition, 'sequence' | 'replay' | 'part'>;

/** Order of the messages of one OUT stream: a replay covers nothing of the log, and stands behind what it found covered. */
export function comparePositions(a: OutPlace, b: OutPlace): number {
  return a.sequence - b.sequence || (a.replay ?? 0) - (b.replay ?? 0) || a.part - b.part;
}

export function placeOf({ sequence, replay, part }: OutPosition): OutPlace {
  return { sequence, ...(replay && { replay: replay.count }), part };
}

export function positionOf(position: OutPosition, out: string): EgressPosition {
  return { incarnation: position.incarnation, out, ...placeOf(position) };
}

/** Names the partition of a cluster in the positions topic. */
export function positionScope(cluster: string, generation: number, partition: number): string {
  return `${cluster}/${generation}/${partition}`;
}

/*
 * Every owner writes under a key of its own. A producer without transactions cannot be fenced: an owner that was
 * stopped and wakes up late may still write its last position, and under a shared key that would replace the newer
 * one. The same holds within one owner: a send that failed may arrive behind what was sent after it, so the owner goes on
 * under the key of another life. Each position is true for ever, so the greatest of all is the one that counts.
 */
export function positionKey(scope: string, epoch: number, life = 0): string {
  return life === 0 ? `${scope}/${epoch}` : `${scope}/${epoch}.${life}`;
}

/** True for the keys that owners of `scope` wrote under. */
export function isKeyOf(scope: string, key: string): boolean {
  return key.startsWith(`${scope}/`) && /^\d+(\.\d+)?$/.test(key.slice(scope.length + 1));
}

/**
 * Keys of former owners stay for this many owners. What is removed is not known to be the last that its owner wrote: one
 * that was frozen may have written a greater position since, and trimmed OUT up to it (ADR 7).
 */
export const FORMER_KEYS_KEPT = 8;

/** Which of the keys that were found for `scope` the owner with `epoch` removes with its first commit. */
export function keysToRemove(
  scope: string,
  found: readonly string[],
  epoch: number,
  kept = FORMER_KEYS_KEPT,
): string[] {
  const epochOf = (key: string): number => Number.parseInt(key.slice(scope.length + 1), 10);
  const former = [...new Set(found.map(epochOf))].filter((other) => other < epoch).sort((a, b) => b - a);
  const removed = new Set(former.slice(kept));
  return found.filter((key) => removed.has(epochOf(key)));
}

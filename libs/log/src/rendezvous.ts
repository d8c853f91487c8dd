import { fnv1a32 } from '@tributary/contracts';

/**
 * Which of `members` should own `resource`: the one with the highest hash of the pair (rendezvous hashing). A
 * member that comes or goes moves only its own share.
 */
export function rendezvous(resource: string, members: readonly string[]): string | null {
  let best: string | null = null;
  let bestScore = -1;
  for (const member of members) {
    const score = mix(fnv1a32(`${resource}\u0000${member}`));
    if (score > bestScore || (score === bestScore && best !== null && member < best)) {
      best = member;
      bestScore = score;
    }
  }
  return best;
}

/** FNV alone leaves the high bits of similar short strings alike; this is the finalizer of MurmurHash3. */
function mix(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

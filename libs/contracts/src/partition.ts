const OFFSET_BASIS = 0x811c9dc5;
const PRIME = 0x01000193;

/** FNV-1a, 32 bit, of the UTF-8 bytes of `text`. Source: draft-eastlake-fnv. */
export function fnv1a32(text: string): number {
  let hash = OFFSET_BASIS;
  for (const byte of Buffer.from(text, 'utf8')) hash = Math.imul(hash ^ byte, PRIME);
  return hash >>> 0;
}

/**
 * The log partition of a publisher: one client id, one partition, one order.
 * Changing this rule or `partitions` needs a new log generation.
 */
export function partitionOf(clientId: string, partitions: number): number {
  return fnv1a32(clientId) % partitions;
}

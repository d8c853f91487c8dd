const SEED = 0x9747b28c;
const M = 0x5bd1e995;
const R = 24;

/**
 * The partition the Java client's default partitioner chooses for a record with this key:
 * `toPositive(murmur2(key)) % partitions`.
 *
 * Every other client of a topic (Kafka Streams joins above all) relies on equal keys meeting in equal
 * partitions, so this is exact, bit by bit, and never changes.
 *
 * @param partitions partition count of the topic, at least 1
 */
export function javaPartition(key: Uint8Array, partitions: number): number {
  return (murmur2(key) & 0x7fffffff) % partitions;
}

/** MurmurHash2, 32 bits, as in `org.apache.kafka.common.utils.Utils.murmur2`: a signed 32-bit integer. */
export function murmur2(data: Uint8Array): number {
  const length = data.length;
  const words = length >>> 2;
  let h = SEED ^ length;
  let at = 0;
  for (let word = 0; word < words; word++, at += 4) {
    let k = data[at]! | (data[at + 1]! << 8) | (data[at + 2]! << 16) | (data[at + 3]! << 24);
    k = Math.imul(k, M);
    k ^= k >>> R;
    k = Math.imul(k, M);
    h = Math.imul(h, M) ^ k;
  }
  const rest = length & 3;
  if (rest > 0) {
    if (rest === 3) h ^= data[at + 2]! << 16;
    if (rest >= 2) h ^= data[at + 1]! << 8;
    h = Math.imul(h ^ data[at]!, M);
  }
  h ^= h >>> 13;
  h = Math.imul(h, M);
  return h ^ (h >>> 15);
}

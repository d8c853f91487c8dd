import { ByteArena } from './byte-arena.ts';

/** What a cache must know of its values. */
export interface Cached<V> {
  /** Bytes of byte arrays in the value; they go into the arena. */
  arrayBytes(value: V): number;
  /** Bytes of everything else an entry keeps alive, its key included. */
  objectBytes(topic: string, value: V): number;
  /** The same value with its byte arrays in an arena. */
  moved(value: V, arena: ByteArena): V;
}

class Generation<V> {
  readonly entries = new Map<string, V>();
  readonly arena: ByteArena;
  objectBytes = 0;

  constructor(chunkBytes: number) {
    this.arena = new ByteArena(chunkBytes);
  }

  get bytes(): number {
    return this.objectBytes + this.arena.allocated;
  }
}

/**
 * A cache by topic, bounded in bytes: devices choose the topics, so a count would bound nothing. Two
 * generations approximate least-recently-used without a list: a hit in the old one moves the entry to the
 * young one; when the young one has half the bytes, the old one is dropped as a whole and they change places.
 * The memory of a million topics thus comes and goes in one piece.
 */
export class TopicCache<V> {
  readonly #cached: Cached<V>;
  readonly #halfBytes: number;
  readonly #chunkBytes: number;
  /** Stays empty: it tells what an entry takes at least. */
  readonly #empty: ByteArena;
  #young: Generation<V>;
  #old: Generation<V>;
  #hits = 0;
  #misses = 0;

  constructor(maxBytes: number, cached: Cached<V>) {
    this.#cached = cached;
    this.#halfBytes = Math.floor(maxBytes / 2);
    this.#chunkBytes = Math.max(256, Math.min(64 * 1024, this.#halfBytes >> 3));
    this.#empty = new ByteArena(this.#chunkBytes);
    this.#young = new Generation(this.#chunkBytes);
    this.#old = new Generation(this.#chunkBytes);
  }

  /** Never above the bound. */
  get bytes(): number {
    return this.#young.bytes + this.#old.bytes;
  }

  get hits(): number {
    return this.#hits;
  }

  get misses(): number {
    return this.#misses;
  }

  get topics(): number {
    return this.#young.entries.size + this.#old.entries.size;
  }

  get(topic: string): V | null {
    const young = this.#young.entries.get(topic);
    if (young !== undefined) {
      this.#hits++;
      return young;
    }
    const old = this.#old.entries.get(topic);
    if (old === undefined) {
      this.#misses++;
      return null;
    }
    this.#hits++;
    return this.put(topic, old);
  }

  /** The value as it is kept; the value itself if one entry would take more than half of the cache. */
  put(topic: string, value: V): V {
    const arrayBytes = this.#cached.arrayBytes(value);
    const objectBytes = this.#cached.objectBytes(topic, value);
    if (objectBytes + this.#empty.growthFor(arrayBytes) > this.#halfBytes) return value;
    if (this.#young.bytes + objectBytes + this.#young.arena.growthFor(arrayBytes) > this.#halfBytes) {
      this.#old = this.#young;
      this.#young = new Generation(this.#chunkBytes);
    }
    const kept = this.#cached.moved(value, this.#young.arena);
    this.#young.entries.set(topic, kept);
    this.#young.objectBytes += objectBytes;
    return kept;
  }
}

import type { Journaled } from './session.ts';

/** A frame of the journal and what of it still counts. */
interface FrameContent {
  bytes: number;
  live: Set<Journaled>;
}

/**
 * What each frame of the journal still holds. The journal is only ever shortened from its beginning; what lives there is written
 * again at its end.
 */
export class JournalFrames {
  /** In the order of their sequences. */
  readonly #frames = new Map<number, FrameContent>();
  #bytes = 0;

  /** Bytes of all frames not purged. */
  get bytes(): number {
    return this.#bytes;
  }

  /** A frame was stored (or read): these are to be found in it from now on. */
  stored(sequence: number, bytes: number, items: readonly Journaled[]): void {
    const live = new Set<Journaled>();
    this.#frames.set(sequence, { bytes, live });
    this.#bytes += bytes;
    for (const item of items) {
      if (item.at < 0) continue;
      this.#frames.get(item.at)?.live.delete(item);
      item.at = sequence;
      live.add(item);
    }
  }

  /** It is no more. */
  forget(item: Journaled): void {
    this.#frames.get(item.at)?.live.delete(item);
    item.at = -1;
  }

  /** What the oldest frame with anything in it holds, to be written again; null if that is the last frame. */
  oldest(): Iterable<Journaled> | null {
    let left = this.#frames.size;
    for (const { live } of this.#frames.values()) {
      if (--left === 0) return null;
      if (live.size > 0) return live;
    }
    return null;
  }

  /**
   * Forgets frames at the beginning that hold nothing any more. The last one stays: a journal whose last message is gone has
   * forgotten its owner.
   * @returns the sequence up to which the journal may be purged; 0 if nothing is to be gained
   */
  emptied(): number {
    let upTo = 0;
    for (const [sequence, { bytes, live }] of this.#frames) {
      if (live.size > 0 || this.#frames.size === 1) break;
      this.#frames.delete(sequence);
      this.#bytes -= bytes;
      upTo = sequence;
    }
    return upTo;
  }
}

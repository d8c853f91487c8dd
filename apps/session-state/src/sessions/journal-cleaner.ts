import type { JournalFrames } from './journal-frames.ts';
import type { Journaled } from './session.ts';

export interface JournalCleanerOptions {
  frames: JournalFrames;
  /** Bytes of what lives in the journal, roughly. */
  liveBytes(): number;
  /** Stages these again. */
  rewrite(items: Iterable<Journaled>): void;
  /** Resolves when what was staged is stored. */
  committed(): Promise<void>;
  purge(upTo: number): Promise<void>;
}

/** Below this size a journal is left as it is, in bytes. */
const SMALL_BYTES = 8 * 1024 * 1024;
/** Frames written again in one round. */
const ROUND = 16;

/**
 * Keeps the journal no longer than about twice what it holds: what lives at its beginning is written again at its end, and the
 * beginning is removed. So every entry is written again once, on average, each time the journal has doubled.
 */
export class JournalCleaner {
  readonly #options: JournalCleanerOptions;
  readonly #smallBytes: number;

  constructor(options: JournalCleanerOptions, smallBytes = SMALL_BYTES) {
    this.#options = options;
    this.#smallBytes = smallBytes;
  }

  /** One round; call it now and then. */
  async clean(): Promise<void> {
    const { frames, liveBytes, rewrite, committed } = this.#options;
    await this.#purge();
    for (let n = 0; n < ROUND; n++) {
      if (frames.bytes <= Math.max(this.#smallBytes, liveBytes() * 2)) return;
      const oldest = frames.oldest();
      if (oldest === null) return;
      rewrite([...oldest]);
      await committed();
      await this.#purge();
    }
  }

  async #purge(): Promise<void> {
    const upTo = this.#options.frames.emptied();
    if (upTo > 0) await this.#options.purge(upTo);
  }
}

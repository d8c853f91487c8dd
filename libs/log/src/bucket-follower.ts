import type { KvWatchEntry } from '@nats-io/kv';
import type { BucketWatch } from './bucket-watch.ts';
import type { LeaderBucket } from './buckets.ts';

export interface FollowOptions {
  /** Called for every entry, in order of revision: first those there are, then every change. */
  onEntry(entry: KvWatchEntry): void;
}

interface Waiter {
  revision: number;
  resolve(): void;
}

/** The last entry may go before it was seen: it is asked for again this often, in ms. */
const ASK_AGAIN_MS = 1_000;

/** Follows a whole bucket from its present content on, by one watch. */
export class BucketFollower implements AsyncDisposable {
  readonly #watch: BucketWatch;
  #revision = 0;
  #waiters: Waiter[] = [];

  private constructor(watch: BucketWatch) {
    this.#watch = watch;
  }

  /** Resolves when everything that was in the bucket, as its leader knows it, has been handed to `onEntry`. */
  static async open(kv: LeaderBucket, { onEntry }: FollowOptions): Promise<BucketFollower> {
    const follower = new BucketFollower(await kv.watch());
    void follower.#follow(onEntry);
    try {
      // The watch reads some replica, which may be behind; that it has no more to say means nothing.
      for (let last = await kv.lastRevision(); last > follower.revision; last = await kv.lastRevision()) {
        await follower.#reachedWithin(last, ASK_AGAIN_MS);
      }
    } catch (error) {
      await follower[Symbol.asyncDispose]();
      throw error;
    }
    return follower;
  }

  /** Revision of the last entry handed over. */
  get revision(): number {
    return this.#revision;
  }

  /** Resolves once the entry with this revision, or a later one, has been handed over. */
  reached(revision: number): Promise<void> {
    if (this.#revision >= revision) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ revision, resolve }));
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#watch.stop();
    return Promise.resolve();
  }

  async #reachedWithin(revision: number, ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)));
    await Promise.race([this.reached(revision), late]);
    clearTimeout(timer);
  }

  async #follow(onEntry: (entry: KvWatchEntry) => void): Promise<void> {
    for await (const entry of this.#watch) {
      this.#revision = entry.revision;
      onEntry(entry);
      if (this.#waiters.length === 0) continue;
      const due = this.#waiters.filter((waiter) => waiter.revision <= entry.revision);
      this.#waiters = this.#waiters.filter((waiter) => waiter.revision > entry.revision);
      for (const waiter of due) waiter.resolve();
    }
  }
}

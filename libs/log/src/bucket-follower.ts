import type { KV, KvWatchEntry } from '@nats-io/kv';
import type { QueuedIterator } from '@nats-io/transport-node';

export interface FollowOptions {
  /** Called for every entry, in order of revision: first those there are, then every change. */
  onEntry(entry: KvWatchEntry): void;
}

interface Waiter {
  revision: number;
  resolve(): void;
}

/** Follows a whole bucket from its present content on, by one watch. */
export class BucketFollower implements AsyncDisposable {
  readonly #watch: QueuedIterator<KvWatchEntry>;
  #revision = 0;
  #waiters: Waiter[] = [];

  private constructor(watch: QueuedIterator<KvWatchEntry>) {
    this.#watch = watch;
  }

  /** Resolves when everything that was in the bucket has been handed to `onEntry`. */
  static async open(kv: KV, { onEntry }: FollowOptions): Promise<BucketFollower> {
    const watch = await kv.watch();
    const follower = new BucketFollower(watch);
    const { values } = await kv.status();
    await new Promise<void>((resolve) => {
      if (values === 0) resolve();
      void follower.#follow(onEntry, resolve);
    });
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

  async #follow(onEntry: (entry: KvWatchEntry) => void, caughtUp: () => void): Promise<void> {
    for await (const entry of this.#watch) {
      this.#revision = entry.revision;
      onEntry(entry);
      if (entry.delta === 0) caughtUp();
      if (this.#waiters.length === 0) continue;
      const due = this.#waiters.filter((waiter) => waiter.revision <= entry.revision);
      this.#waiters = this.#waiters.filter((waiter) => waiter.revision > entry.revision);
      for (const waiter of due) waiter.resolve();
    }
  }
}

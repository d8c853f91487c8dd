import type { KV } from '@nats-io/kv';
import { configKeys, type ActiveMapping, type CommitRule, type MappingRecord } from '@tributary/contracts';
import { ApiCode, isApiError } from './api-codes.ts';
import { isUnavailable } from './availability.ts';
import { LogError } from './errors.ts';

/** What the bucket says about the mapping in effect. */
export interface ActiveEntry {
  /** 0 if no mapping was ever applied. */
  version: number;
  /** Revision of the key, for `activate`. 0 if there is no such key. */
  revision: number;
  /** What the version asks of acknowledgements, and what one that is about to become active will ask besides. */
  rules: readonly CommitRule[];
  announced: readonly CommitRule[];
}

const FIND_ATTEMPTS = 25;
const FIND_PAUSE_MS = 200;

/** The mapping versions in the config bucket. Versions never change; which one is active is moved by compare-and-set. */
export class MappingVersions {
  readonly #kv: KV;

  /** @param kv `buckets.config` */
  constructor(kv: KV) {
    this.#kv = kv;
  }

  async active(): Promise<ActiveEntry> {
    const entry = await this.#kv.get(configKeys.active);
    if (!entry || entry.operation !== 'PUT') return activeEntry({ version: 0 }, entry?.revision ?? 0);
    return activeEntry(entry.json<ActiveMapping>(), entry.revision);
  }

  /** @returns null if there is no such version, as far as the replica that answers knows. */
  async read(version: number): Promise<MappingRecord | null> {
    const entry = await this.#kv.get(configKeys.version(version));
    return entry && entry.operation === 'PUT' ? entry.json<MappingRecord>() : null;
  }

  /**
   * Reads a version that somebody has referred to: it was stored before, but the replica that answers a read may
   * be behind, so this looks again for some seconds. @returns null if it really is not there.
   */
  async find(version: number, signal: AbortSignal): Promise<MappingRecord | null> {
    for (let attempt = 0; attempt < FIND_ATTEMPTS && !signal.aborted; attempt++) {
      const record = await this.read(version);
      if (record) return record;
      await new Promise((resolve) => setTimeout(resolve, FIND_PAUSE_MS));
    }
    return null;
  }

  /** Stores a new version. @throws LogError 'conflict' if there is one of this number. */
  async create(record: MappingRecord): Promise<void> {
    await onlyOnce(
      () => this.#kv.create(configKeys.version(record.version), JSON.stringify(record)),
      `mapping version ${record.version} was stored by somebody else at the same time`,
    );
  }

  /**
   * Says what the next version will ask of acknowledgements besides; nothing withdraws it. The version stays.
   * @throws LogError 'conflict' if the active version was moved, or something was announced, since `seen`
   */
  async announce(announced: readonly CommitRule[], seen: ActiveEntry): Promise<ActiveEntry> {
    const { version, rules } = seen;
    const revision = await this.#move({ version, rules: [...rules], announced: [...announced] }, seen);
    return { ...seen, announced, revision };
  }

  /**
   * Moves the active version from what `seen` says. @throws LogError 'conflict' if it was moved since.
   * @param rules what the version asks of acknowledgements; those that are new have been announced
   */
  async activate(version: number, seen: ActiveEntry, rules: readonly CommitRule[] = []): Promise<void> {
    await this.#move({ version, rules: [...rules] }, seen);
  }

  #move(value: ActiveMapping, seen: ActiveEntry): Promise<number> {
    return onlyOnce(
      () => this.#kv.put(configKeys.active, JSON.stringify(value), { previousSeq: seen.revision }),
      `another mapping was activated since version ${seen.version} was read`,
    );
  }

  /**
   * Calls `onActive` with the version in effect (0: none) as soon as it is known, and again whenever it is moved,
   * until the signal ends it. One watch, whatever the number of versions.
   */
  async follow(signal: AbortSignal, onActive: (version: number) => void): Promise<void> {
    let seen = -1;
    await this.followActive(signal, ({ version }) => {
      if (version === seen) return;
      seen = version;
      onActive(version);
    });
  }

  /** As `follow`, with all that the bucket says about the mapping in effect, and whenever any of it changes. */
  async followActive(signal: AbortSignal, onActive: (active: ActiveEntry) => void): Promise<void> {
    while (!signal.aborted) {
      try {
        return await this.#follow(signal, onActive);
      } catch (error) {
        // Only its beginning can fail, while the bucket has no leader.
        if (!isUnavailable(error)) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, FIND_PAUSE_MS));
    }
  }

  async #follow(signal: AbortSignal, onActive: (active: ActiveEntry) => void): Promise<void> {
    let seen = await this.active();
    const watch = await this.#kv.watch({ key: configKeys.active });
    const stop = (): void => watch.stop();
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    onActive(seen);
    for await (const entry of watch) {
      // The watch begins with the value of its own start, which may be older than what was read above.
      if (entry.revision <= seen.revision) continue;
      const value = entry.operation === 'PUT' ? entry.json<ActiveMapping>() : { version: 0 };
      seen = activeEntry(value, entry.revision);
      onActive(seen);
    }
  }
}

function activeEntry({ version, rules = [], announced = [] }: ActiveMapping, revision: number): ActiveEntry {
  return { version, revision, rules, announced };
}

/** @throws LogError 'conflict' if somebody else was first, 'not-stored' if that does not become known in time. */
async function onlyOnce(put: () => Promise<number>, conflict: string): Promise<number> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await put();
    } catch (cause) {
      if (isApiError(cause, ApiCode.wrongLastSequence)) throw new LogError('conflict', conflict, { cause });
      if (!isApiError(cause, ApiCode.wrongLastSequenceConstant)) throw cause;
      // Another write is under way. It may fail yet, so nobody was first so far.
      if (attempt >= FIND_ATTEMPTS)
        throw new LogError('not-stored', 'the write before this one does not end', { cause });
    }
    await new Promise((resolve) => setTimeout(resolve, FIND_PAUSE_MS));
  }
}

import type { KV } from '@nats-io/kv';
import { configKeys, type ActiveMapping, type MappingRecord } from '@tributary/contracts';
import { ApiCode, isApiError } from './api-codes.ts';
import { isUnavailable } from './availability.ts';
import { LogError } from './errors.ts';

/** What the bucket says about the mapping in effect. */
export interface ActiveEntry {
  /** 0 if no mapping was ever applied. */
  version: number;
  /** Revision of the key, for `activate`. 0 if there is no such key. */
  revision: number;
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
    if (!entry || entry.operation !== 'PUT') return { version: 0, revision: entry?.revision ?? 0 };
    return { version: entry.json<ActiveMapping>().version, revision: entry.revision };
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

  /** Moves the active version from what `seen` says. @throws LogError 'conflict' if it was moved since. */
  async activate(version: number, seen: ActiveEntry): Promise<void> {
    const value: ActiveMapping = { version };
    await onlyOnce(
      () => this.#kv.put(configKeys.active, JSON.stringify(value), { previousSeq: seen.revision }),
      `another mapping was activated since version ${seen.version} was read`,
    );
  }

  /**
   * Calls `onActive` with the version in effect (0: none) as soon as it is known, and again whenever it is moved,
   * until the signal ends it. One watch, whatever the number of versions.
   */
  async follow(signal: AbortSignal, onActive: (version: number) => void): Promise<void> {
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

  async #follow(signal: AbortSignal, onActive: (version: number) => void): Promise<void> {
    let seen = await this.active();
    const watch = await this.#kv.watch({ key: configKeys.active });
    const stop = (): void => watch.stop();
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    onActive(seen.version);
    for await (const entry of watch) {
      // The watch begins with the value of its own start, which may be older than what was read above.
      if (entry.revision <= seen.revision) continue;
      const version = entry.operation === 'PUT' ? entry.json<ActiveMapping>().version : 0;
      if (version !== seen.version) onActive(version);
      seen = { version, revision: entry.revision };
    }
  }
}

/** @throws LogError 'conflict' if somebody else was first, 'not-stored' if that does not become known in time. */
async function onlyOnce(put: () => Promise<number>, conflict: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await put();
      return;
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

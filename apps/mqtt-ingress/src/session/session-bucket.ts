import { setTimeout as delay } from 'node:timers/promises';
import type { KV } from '@nats-io/kv';
import { clientKey, type SessionRecord } from '@tributary/contracts';
import { isWrongLastSequence } from '@tributary/log';
import type { StoredSession } from './session-record.ts';

/** Time for one write, in ms; then nobody knows whether it was stored. */
const OPERATION_MS = 2_000;
const RETRY_MS = 100;
/**
 * How long the bucket remembers that a record was deleted: the least it can. A device that comes back later finds no
 * trace, and its record is written in one round trip instead of three.
 */
const MARKER_TTL = '1s';

export type SessionKv = Pick<KV, 'get' | 'put' | 'purge'>;

/** The new revision; or: another revision is there; or: there was no answer, and it may be stored or not. */
export type WriteOutcome = number | 'outdated' | 'failed';

/** Session records, written by compare-and-set only: a read may be late, the write decides. */
export class SessionBucket {
  readonly #kv: SessionKv;

  /** @param kv `buckets.sessions` */
  constructor(kv: SessionKv) {
    this.#kv = kv;
  }

  /** @returns undefined if there was no answer */
  async read(clientId: string): Promise<StoredSession | undefined> {
    try {
      const entry = await this.#kv.get(clientKey(clientId));
      if (entry === null) return { revision: 0, record: null };
      const record = entry.operation === 'PUT' ? entry.json<SessionRecord>() : null;
      return { revision: entry.revision, record };
    } catch {
      return undefined;
    }
  }

  async put(record: SessionRecord, expected: number): Promise<WriteOutcome> {
    try {
      const options = { previousSeq: expected, timeout: OPERATION_MS };
      return await this.#kv.put(clientKey(record.clientId), JSON.stringify(record), options);
    } catch (error) {
      return isWrongLastSequence(error) ? 'outdated' : 'failed';
    }
  }

  /**
   * Replaces a record, or deletes it if `next` is null, and tries until it is known to have happened or to be impossible. A
   * write without an answer is looked for: what is found there is what was written, or what was there before, or somebody
   * else's, who then owns what is left of the session.
   * @param expected the revision to replace, not 0
   * @param isToo whether what is there instead may be replaced as well
   * @param over aborts when this node may write no more
   * @returns the new revision (0 of a deletion), or null
   */
  async settle(
    clientId: string,
    next: SessionRecord | null,
    expected: number,
    over: AbortSignal,
    isToo: (record: SessionRecord) => boolean = () => false,
  ): Promise<number | null> {
    while (!over.aborted) {
      const outcome = next === null ? await this.#remove(clientId, expected) : await this.put(next, expected);
      if (typeof outcome === 'number') return outcome;
      if (outcome === 'failed') await delay(RETRY_MS);
      const found = await this.read(clientId);
      if (found === undefined) continue;
      if (isSame(found.record, next)) return found.revision;
      if (found.revision === expected) {
        // Another write is under way: it shows in a moment, or never.
        if (outcome === 'outdated') await delay(RETRY_MS);
      } else if (found.record !== null && isToo(found.record)) expected = found.revision;
      else return null;
    }
    return null;
  }

  async #remove(clientId: string, expected: number): Promise<WriteOutcome> {
    try {
      await this.#kv.purge(clientKey(clientId), { previousSeq: expected, ttl: MARKER_TTL });
      return 0;
    } catch (error) {
      return isWrongLastSequence(error) ? 'outdated' : 'failed';
    }
  }
}

function isSame(found: SessionRecord | null, wanted: SessionRecord | null): boolean {
  return JSON.stringify(found) === JSON.stringify(wanted);
}

import type { KV } from '@nats-io/kv';
import { clientKey, type SessionRecord } from '@tributary/contracts';
import { BucketFollower, isWrongLastSequence, type LeaderBucket } from '@tributary/log';

/** A session record as the bucket has it. */
export interface StoredRecord {
  record: SessionRecord;
  revision: number;
}

/** How long the bucket remembers that a record was deleted: the least it can. */
const MARKER_TTL = '1s';

/**
 * The session records, which ingress nodes write while they serve a client; what is left of a session afterwards is ours to end,
 * by compare-and-set, so that a client that comes back at the same moment wins or loses, and never both.
 */
export class SessionRecords {
  readonly #kv: LeaderBucket;

  /** @param kv `buckets.sessions` */
  constructor(kv: LeaderBucket) {
    this.#kv = kv;
  }

  async read(clientId: string): Promise<StoredRecord | null> {
    const entry = await this.#kv.get(clientKey(clientId));
    if (entry?.operation !== 'PUT') return null;
    return { record: entry.json<SessionRecord>(), revision: entry.revision };
  }

  /** Shows every record there is. */
  async each(visit: (stored: StoredRecord) => void): Promise<void> {
    await using follower = await BucketFollower.open(this.#kv, {
      onEntry: (entry) => {
        if (entry.operation !== 'PUT') return;
        visit({ record: entry.json<SessionRecord>(), revision: entry.revision });
      },
    });
    void follower;
  }

  /** @returns the new record, or null if the client has come back, or somebody else has ended it */
  async replace(stored: StoredRecord, record: SessionRecord): Promise<StoredRecord | null> {
    const write: Promise<number> = this.#kv.put(clientKey(record.clientId), JSON.stringify(record), {
      previousSeq: stored.revision,
    });
    const revision = await unlessOutdated(write);
    return revision === null ? null : { record, revision };
  }

  /** @returns false as `replace` */
  async remove({ record, revision }: StoredRecord): Promise<boolean> {
    const kv: KV = this.#kv;
    const options = { previousSeq: revision, ttl: MARKER_TTL };
    const removed = await unlessOutdated(kv.purge(clientKey(record.clientId), options).then(() => true));
    return removed ?? false;
  }
}

async function unlessOutdated<T>(write: Promise<T>): Promise<T | null> {
  try {
    return await write;
  } catch (error) {
    if (isWrongLastSequence(error)) return null;
    throw error;
  }
}

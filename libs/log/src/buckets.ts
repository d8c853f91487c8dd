import type { JetStreamClient } from '@nats-io/jetstream';
import { Bucket, type KvWatchOptions } from '@nats-io/kv';
import { BucketWatch } from './bucket-watch.ts';
import { ApiCode, isApiError } from './api-codes.ts';
import { LogError } from './errors.ts';
import { Feed } from './feed.ts';

export interface BucketOptions {
  replicas: number;
  /** Revisions kept per key. */
  history?: number;
}

/** How long a bucket remembers by default that a key is gone, if whoever deletes it asks for an end (`purge`). */
const MARKER_TTL_MS = 3_600_000;

/**
 * A bucket whose reads are answered by its leader: any replica may answer the client's own, and one that is behind does
 * not know yet what somebody has just been told is stored.
 */
export class LeaderBucket extends Bucket {
  /** @param options of these only `key` is heeded */
  override watch({ key = '>' }: KvWatchOptions = {}): Promise<BucketWatch> {
    return BucketWatch.open(this, Array.isArray(key) ? key : [key]);
  }

  /**
   * All keys that match, those too whose last entry says that they are gone. The client's own listing reads some replica,
   * and ends early without a word if that goes away meanwhile.
   */
  override async keys(filter: string | string[] = '>'): Promise<Feed<string>> {
    const found = new Feed<string>();
    for (const pattern of Array.isArray(filter) ? filter : [filter]) {
      const subjects_filter = this.fullKeyName(pattern);
      const { state } = await this.jsm.streams.info(this.bucketName(), { subjects_filter });
      for (const subject of Object.keys(state.subjects ?? {})) found.push(subject.slice(this.prefixLen));
    }
    found.stop();
    return found;
  }

  /** Revision of the last entry there is; 0 if there is none. */
  async lastRevision(): Promise<number> {
    try {
      const last = await this.jsm.streams.getMessage(this.bucketName(), {
        last_by_subj: this.fullKeyName('>'),
      });
      return last?.seq ?? 0;
    } catch (error) {
      if (isApiError(error, ApiCode.messageNotFound)) return 0;
      throw error;
    }
  }
}

/**
 * Opens a bucket, creating it if need be. A key that is purged with a `ttl` leaves nothing behind.
 * @throws LogError 'stream-differs' if it has another number of replicas
 */
export async function openBucket(
  js: JetStreamClient,
  name: string,
  options: BucketOptions,
): Promise<LeaderBucket> {
  const { replicas, history = 1 } = options;
  const bucket = new LeaderBucket(name, js, await js.jetstreamManager(false));
  await bucket.init({ replicas, history, markerTTL: MARKER_TTL_MS, allow_direct: false });
  const { config } = await bucket.jsm.streams.info(bucket.bucketName());
  if (config.num_replicas === replicas) return bucket;
  throw new LogError(
    'stream-differs',
    `bucket ${name} has replicas ${config.num_replicas}, but ${replicas} is configured; change the setting, or migrate the bucket`,
  );
}

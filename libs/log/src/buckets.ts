import { JsHeaders, PubHeaders, type JetStreamClient, type JetStreamManager } from '@nats-io/jetstream';
import { Bucket, type KvPurgeOptions, type KvPutOptions, type KvWatchOptions } from '@nats-io/kv';
import type { Payload } from '@nats-io/transport-node';
import { BucketWatch } from './bucket-watch.ts';
import { ApiCode, isApiError } from './api-codes.ts';
import { LogError } from './errors.ts';
import { Feed } from './feed.ts';
import type { Publisher } from './publisher.ts';

export interface BucketOptions {
  replicas: number;
  /** Revisions kept per key. */
  history?: number;
  /**
   * What `put` and `purge` write through: for a bucket with thousands of writes a second. Those of one turn of the event loop
   * leave together, and an answer costs a third of what the client's own request does.
   */
  publisher?: Publisher;
}

type Header = readonly [name: string, value: string];

const EMPTY = new Uint8Array(0);
/** As the client's own, in ms. */
const WRITE_MS = 5_000;

function expecting(revision: number): Header {
  return [PubHeaders.ExpectedLastSubjectSequenceHdr, String(revision)];
}

/** How long a bucket remembers by default that a key is gone, if whoever deletes it asks for an end (`purge`). */
const MARKER_TTL_MS = 3_600_000;

/**
 * A bucket whose reads are answered by its leader: any replica may answer the client's own, and one that is behind does
 * not know yet what somebody has just been told is stored.
 */
export class LeaderBucket extends Bucket {
  readonly #publisher: Publisher | undefined;

  constructor(name: string, js: JetStreamClient, manager: JetStreamManager, publisher?: Publisher) {
    super(name, js, manager);
    this.#publisher = publisher;
  }

  override async put(key: string, data: Payload, options: Partial<KvPutOptions> = {}): Promise<number> {
    if (this.#publisher === undefined) return super.put(key, data, options);
    const { previousSeq, timeout = WRITE_MS } = options;
    const headers = previousSeq === undefined ? [] : [expecting(previousSeq)];
    const bytes = typeof data === 'string' ? Buffer.from(data, 'utf8') : data;
    return this.#write(this.#publisher, key, bytes, headers, timeout);
  }

  override async purge(key: string, options: Partial<KvPurgeOptions> = {}): Promise<void> {
    if (this.#publisher === undefined) return super.purge(key, options);
    const { previousSeq = 0, ttl = '' } = options;
    const headers: Header[] = [
      ['KV-Operation', 'PURGE'],
      [JsHeaders.RollupHdr, JsHeaders.RollupValueSubject],
    ];
    if (ttl !== '') headers.push([PubHeaders.MessageTTL, ttl]);
    if (previousSeq > 0) headers.push(expecting(previousSeq));
    await this.#write(this.#publisher, key, EMPTY, headers, WRITE_MS);
  }

  async #write(
    publisher: Publisher,
    key: string,
    data: Uint8Array,
    headers: Header[],
    timeoutMs: number,
  ): Promise<number> {
    this.validateKey(key);
    const { seq } = await publisher.publish(this.fullKeyName(key), data, headers, timeoutMs);
    return seq;
  }

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
  const { replicas, history = 1, publisher } = options;
  const bucket = new LeaderBucket(name, js, await js.jetstreamManager(false), publisher);
  await bucket.init({ replicas, history, markerTTL: MARKER_TTL_MS, allow_direct: false });
  const { config } = await bucket.jsm.streams.info(bucket.bucketName());
  if (config.num_replicas === replicas) return bucket;
  throw new LogError(
    'stream-differs',
    `bucket ${name} has replicas ${config.num_replicas}, but ${replicas} is configured; change the setting, or migrate the bucket`,
  );
}

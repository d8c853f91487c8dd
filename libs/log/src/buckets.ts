import { Kvm, type KV } from '@nats-io/kv';
import type { JetStreamClient } from '@nats-io/jetstream';

export interface BucketOptions {
  replicas: number;
  /** Revisions kept per key. */
  history?: number;
}

/** How long a bucket remembers by default that a key is gone, if whoever deletes it asks for an end (`purge`). */
const MARKER_TTL_MS = 3_600_000;

/** Opens a bucket, creating it if need be. A key that is purged with a `ttl` leaves nothing behind. */
export function openBucket(js: JetStreamClient, name: string, options: BucketOptions): Promise<KV> {
  const { replicas, history = 1 } = options;
  return new Kvm(js).create(name, { replicas, history, markerTTL: MARKER_TTL_MS });
}

import { Kvm, type KV } from '@nats-io/kv';
import type { JetStreamClient } from '@nats-io/jetstream';

export interface BucketOptions {
  replicas: number;
  /** Revisions kept per key. */
  history?: number;
}

/** Opens a bucket, creating it if need be. */
export function openBucket(js: JetStreamClient, name: string, options: BucketOptions): Promise<KV> {
  return new Kvm(js).create(name, { replicas: options.replicas, history: options.history ?? 1 });
}

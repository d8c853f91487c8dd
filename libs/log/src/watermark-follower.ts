import type { NatsConnection } from '@nats-io/transport-node';
import { subjects, type Watermark, type WatermarkNotice } from '@tributary/contracts';
import { BucketFollower } from './bucket-follower.ts';
import type { LeaderBucket } from './buckets.ts';

export interface WatermarkFollowerOptions {
  readonly nats: NatsConnection;
  /** `buckets.watermarks` */
  readonly kv: LeaderBucket;
  /** Generation of the log; what is said of others is passed over. */
  readonly generation: number;
  /** Called with everything that is heard, in any order, repetitions and lower ones among it. */
  onWatermark(cluster: string, partition: number, mark: Watermark): void;
}

/** Hears how far Kafka clusters have come, by notices and from the bucket, until the connection is closed or it is disposed of. */
export async function followWatermarks(options: WatermarkFollowerOptions): Promise<AsyncDisposable> {
  const { nats, kv, generation, onWatermark } = options;
  const prefix = subjects.watermarks('x').slice(0, -1);
  const subscription = nats.subscribe(`${prefix}*`, {
    callback: (error, message) => {
      if (error !== null) return;
      const notice = message.json<WatermarkNotice>();
      if (notice.generation !== generation) return;
      const cluster = message.subject.slice(prefix.length);
      for (const mark of notice.marks) onWatermark(cluster, mark.partition, mark);
    },
  });
  const follower = await BucketFollower.open(kv, {
    onEntry: (entry) => {
      const [cluster = '', of, partition] = entry.key.split('.');
      if (entry.operation !== 'PUT' || Number(of) !== generation) return;
      onWatermark(cluster, Number(partition), entry.json<Watermark>());
    },
  });
  return {
    [Symbol.asyncDispose]: async () => {
      subscription.unsubscribe();
      await follower[Symbol.asyncDispose]();
    },
  };
}

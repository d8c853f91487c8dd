import { KafkaDriverError, KafkaErrorCode } from '../errors.ts';
import type { KafkaAdmin } from './kafka-admin.ts';

export interface PositionsTopic {
  readonly topic: string;
  /** Partitions to create it with. A transaction that is open in a partition holds up everybody who reads that partition. */
  readonly partitions: number;
  readonly replication: number;
}

/** Small segments: only what is no longer being written is compacted, and the topic is read whole at each start. */
const SETTINGS = {
  'cleanup.policy': 'compact',
  'segment.bytes': String(16 * 1024 * 1024),
  'segment.ms': String(6 * 60 * 60 * 1000),
  'min.cleanable.dirty.ratio': '0.1',
} as const;

/**
 * Creates the topic if it does not exist. Rejects with `topic-settings` if it exists and could lose a position: `delete` in
 * its cleanup policy forgets the position of a partition that had no traffic for long.
 */
export async function ensurePositionsTopic(admin: KafkaAdmin, wanted: PositionsTopic): Promise<void> {
  const { topic } = wanted;
  await admin.createTopics([{ ...wanted, settings: SETTINGS }]);
  const policy = (await admin.topicSettings(topic)).get('cleanup.policy');
  if (policy === 'compact') return;
  throw new KafkaDriverError(
    `The topic of positions ${topic} has cleanup.policy=${policy}: set it to compact, without delete`,
    { code: KafkaErrorCode.topicSettings, topic },
  );
}

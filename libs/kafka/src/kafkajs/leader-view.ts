import type { ICustomPartitioner, PartitionMetadata } from 'kafkajs';
import { unknownPartition } from '../errors.ts';
import type { PartitionBatch } from '../partition-batch.ts';

/** The partitions of a send are no longer led by one broker. Nothing of this try was sent. */
export class LeaderMoved extends Error {
  override readonly name = 'LeaderMoved';
  /** To kafkajs: end the send instead of trying again. */
  readonly retriable = false;
}

/**
 * Who leads a partition in kafkajs' own eyes, which may be behind those of others. kafkajs shows its metadata to partitioners
 * only, before each try of a send and before it has taken sequence numbers or written anything; so that is where this looks, and where a send
 * is ended whose partitions have come apart.
 */
export class LeaderView {
  readonly #topics = new Map<string, readonly number[]>();
  /** Leaders by partition that the sends on their way were grouped by. */
  readonly #grouped = new Map<string, number[]>();
  #metadata: readonly PartitionMetadata[] = [];
  #leaders: readonly number[] = [];

  readonly partitioner: ICustomPartitioner = () => {
    return ({ topic, partitionMetadata, message }) => {
      const partition = message.partition ?? 0;
      if (partitionMetadata !== this.#metadata) this.#look(topic, partitionMetadata);
      const leader = this.#leaders[partition];
      // A partition that was added since: a fresh producer knows it.
      if (leader === undefined) throw unknownPartition(topic, partition, this.#leaders.length);
      if (leader !== this.#grouped.get(topic)?.[partition]) throw new LeaderMoved();
      return partition;
    };
  };

  /** Groups batches by leader; `otherwise` answers for topics kafkajs has not met. */
  group(
    batches: readonly PartitionBatch[],
    otherwise: (batch: PartitionBatch) => number,
  ): PartitionBatch[][] {
    const groups = Map.groupBy(batches, (batch) => {
      const { topic, partition } = batch;
      const leader = this.#topics.get(topic)?.[partition] ?? otherwise(batch);
      let grouped = this.#grouped.get(topic);
      if (grouped === undefined) this.#grouped.set(topic, (grouped = []));
      grouped[partition] = leader;
      return leader;
    });
    return [...groups.values()];
  }

  #look(topic: string, metadata: readonly PartitionMetadata[]): void {
    const leaders: number[] = [];
    for (const { partitionId, leader } of metadata) leaders[partitionId] = leader;
    this.#metadata = metadata;
    this.#leaders = leaders;
    this.#topics.set(topic, leaders);
  }
}

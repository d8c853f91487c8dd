import { javaPartition } from '@tributary/kafka';
import type { OutRecord } from '../out/out-record.ts';

/**
 * Gives each record its partition: by its key as the Java client does; records without a key stay together for
 * a while and then move on to the next partition, as the Java client's do since KIP-480.
 */
export class Partitioner {
  readonly #stickyRecords: number;
  readonly #sticky = new Map<string, { partition: number; records: number }>();

  /** @param stickyRecords records without key that one partition of a topic gets before the next one's turn */
  constructor(stickyRecords: number) {
    this.#stickyRecords = stickyRecords;
  }

  place(record: OutRecord, partitions: number): void {
    const { key } = record;
    record.partition = key === null ? this.#next(record.topic, partitions) : javaPartition(key, partitions);
  }

  #next(topic: string, partitions: number): number {
    let sticky = this.#sticky.get(topic);
    if (sticky === undefined) {
      sticky = { partition: Math.floor(Math.random() * partitions), records: 0 };
      this.#sticky.set(topic, sticky);
    }
    if (++sticky.records > this.#stickyRecords) {
      sticky.partition++;
      sticky.records = 1;
    }
    sticky.partition %= partitions;
    return sticky.partition;
  }
}

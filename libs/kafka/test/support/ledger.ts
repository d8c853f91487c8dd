import kafkajs from 'kafkajs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProducedRecord } from '../../src/mod.ts';

export interface Verdict {
  readonly sent: number;
  readonly stored: number;
  /** Numbers that are not in the topic. */
  readonly lost: number;
  /** Records beyond the first of each number. */
  readonly duplicated: number;
  /** First appearances that stand behind a higher number of the same partition. */
  readonly reordered: number;
}

/** Numbered records for some partitions, in order, and the account of what became of them. */
export class Ledger {
  readonly topic: string;
  readonly partitions: number;
  readonly #next: number[];

  constructor(topic: string, partitions: number) {
    this.topic = topic;
    this.partitions = partitions;
    this.#next = new Array<number>(partitions).fill(0);
  }

  /** The next records, dealt to the partitions in turn. */
  take(count: number): ProducedRecord[] {
    return Array.from({ length: count }, (_, i) => {
      const partition = i % this.partitions;
      const number = this.#next[partition]!++;
      const value = Buffer.alloc(200, ' ');
      value.write(`${partition}:${number}`);
      return {
        topic: this.topic,
        partition,
        key: Buffer.from(`key-${number % 100}`),
        value,
        headers: [],
        timestampMs: Date.now(),
      };
    });
  }

  /** Reads the topic with a consumer that shares no code with the producers' state, and compares. */
  async settle(brokers: readonly string[]): Promise<Verdict> {
    const seen = await this.#read(brokers);
    let lost = 0;
    let stored = 0;
    let duplicated = 0;
    let reordered = 0;
    seen.forEach((numbers, partition) => {
      const met = new Set<number>();
      let highest = -1;
      for (const number of numbers) {
        stored++;
        if (met.has(number)) duplicated++;
        else if (number < highest) reordered++;
        met.add(number);
        highest = Math.max(highest, number);
      }
      lost += this.#next[partition]! - met.size;
    });
    return { sent: this.#next.reduce((sum, n) => sum + n, 0), stored, lost, duplicated, reordered };
  }

  async #read(brokers: readonly string[]): Promise<number[][]> {
    const kafka = new kafkajs.Kafka({
      clientId: 'ledger',
      brokers: [...brokers],
      logLevel: kafkajs.logLevel.NOTHING,
    });
    const admin = kafka.admin();
    const groupId = `ledger-${this.topic}`;
    const consumer = kafka.consumer({
      groupId,
      retry: { retries: 50, initialRetryTime: 100, maxRetryTime: 1_000 },
    });
    const seen: number[][] = Array.from({ length: this.partitions }, () => []);
    try {
      await admin.connect();
      const ends = new Map(
        (await admin.fetchTopicOffsets(this.topic)).map(({ partition, high }) => [partition, Number(high)]),
      );
      await consumer.connect();
      await consumer.subscribe({ topics: [this.topic], fromBeginning: true });
      const read = new Map<number, number>();
      await consumer.run({
        autoCommit: false,
        eachBatch: async ({ batch }) => {
          for (const { value, offset } of batch.messages) {
            seen[batch.partition]!.push(Number(value?.toString().trim().split(':')[1]));
            read.set(batch.partition, Number(offset) + 1);
          }
        },
      });
      while ([...ends].some(([partition, end]) => (read.get(partition) ?? 0) < end)) await sleep(50);
    } finally {
      await consumer.disconnect();
      await admin.disconnect();
    }
    return seen;
  }
}

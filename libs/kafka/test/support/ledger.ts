import kafkajs from 'kafkajs';
import type { ProducedRecord } from '../../src/mod.ts';
import { readTopic } from './read-topic.ts';

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
    const seen: number[][] = Array.from({ length: this.partitions }, () => []);
    for (const { partition, value } of await readTopic(brokers, this.topic)) {
      seen[partition]!.push(Number(value?.toString().trim().split(':')[1]));
    }
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

  async deleteTopic(brokers: readonly string[]): Promise<void> {
    const admin = new kafkajs.Kafka({ clientId: 'ledger', brokers: [...brokers] }).admin();
    await admin.connect();
    await admin.deleteTopics({ topics: [this.topic] });
    await admin.disconnect();
  }
}

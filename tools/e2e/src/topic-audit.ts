import { Kafka, logLevel, type Consumer } from 'kafkajs';
import type { DeviceLog } from './fleet.ts';

/** What became of the messages of a fleet, by an independent count. */
export interface Verdict {
  published: number;
  acknowledged: number;
  inKafka: number;
  /** Acknowledged, but not in Kafka. */
  lost: number;
  duplicated: number;
  /** Records that came behind a later one of the same key, first occurrences only. */
  reordered: number;
}

/** Reads one Kafka topic with kafkajs and keeps the numbers of each key, in order. */
export class TopicAudit implements AsyncDisposable {
  readonly #consumer: Consumer;
  readonly #numbers = new Map<string, number[]>();
  #count = 0;

  private constructor(consumer: Consumer) {
    this.#consumer = consumer;
  }

  static async start(brokers: string[], topic: string): Promise<TopicAudit> {
    const kafka = new Kafka({
      brokers,
      clientId: 'audit',
      logLevel: logLevel.NOTHING,
      retry: { retries: 30 },
    });
    const consumer = kafka.consumer({ groupId: `audit-${topic}`, sessionTimeout: 10_000 });
    const audit = new TopicAudit(consumer);
    await consumer.connect();
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await consumer.run({
      eachMessage: ({ message }) => {
        audit.#see(message.key?.toString() ?? '', Number(message.value?.toString()));
        return Promise.resolve();
      },
    });
    return audit;
  }

  get count(): number {
    return this.#count;
  }

  /** The numbers of a device, in the order of its records. */
  numbers(device: string): readonly number[] {
    return this.#numbers.get(device) ?? [];
  }

  /** How many of the acknowledged messages are not there yet. */
  missing(devices: readonly DeviceLog[]): number {
    let missing = 0;
    for (const { name, acknowledged } of devices) {
      const seen = new Set(this.#numbers.get(name));
      for (const n of acknowledged) if (!seen.has(n)) missing++;
    }
    return missing;
  }

  verdict(devices: readonly DeviceLog[]): Verdict {
    const verdict: Verdict = {
      published: 0,
      acknowledged: 0,
      inKafka: this.#count,
      lost: this.missing(devices),
      duplicated: 0,
      reordered: 0,
    };
    for (const { name, published, acknowledged } of devices) {
      verdict.published += published;
      verdict.acknowledged += acknowledged.size;
      const seen = new Set<number>();
      let greatest = -1;
      for (const n of this.#numbers.get(name) ?? []) {
        if (seen.has(n)) verdict.duplicated++;
        else if (n < greatest) verdict.reordered++;
        seen.add(n);
        greatest = Math.max(greatest, n);
      }
    }
    return verdict;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#consumer.disconnect();
  }

  #see(key: string, n: number): void {
    this.#count++;
    const numbers = this.#numbers.get(key);
    if (numbers) numbers.push(n);
    else this.#numbers.set(key, [n]);
  }
}

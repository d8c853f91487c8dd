import { Kafka, logLevel, type Consumer } from 'kafkajs';
import { uniqueName } from '@tributary/testing';

/** What a consumer of its own sees of one topic, from the beginning on. */
export class KafkaProbe implements AsyncDisposable {
  readonly values: string[] = [];
  readonly #consumer: Consumer;

  private constructor(consumer: Consumer) {
    this.#consumer = consumer;
  }

  /** Creates the topic with one partition, and resolves when it is consumed. */
  static async start(brokers: string[], topic: string): Promise<KafkaProbe> {
    const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING, retry: { retries: 30 } });
    const admin = kafka.admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic, numPartitions: 1 }], waitForLeaders: true });
    await admin.disconnect();
    const consumer = kafka.consumer({ groupId: uniqueName('probe'), sessionTimeout: 10_000 });
    const probe = new KafkaProbe(consumer);
    await consumer.connect();
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await consumer.run({
      eachMessage: ({ message }) => {
        probe.values.push(message.value?.toString() ?? '');
        return Promise.resolve();
      },
    });
    return probe;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#consumer.disconnect();
  }
}

import kafkajs, { type KafkaMessage } from 'kafkajs';
import { setTimeout as sleep } from 'node:timers/promises';

export type ReadRecord = KafkaMessage & { readonly partition: number };

/** Everything in a topic, read to its end by a kafkajs consumer, by partition and offset. */
export async function readTopic(brokers: readonly string[], topic: string): Promise<ReadRecord[]> {
  const kafka = new kafkajs.Kafka({
    clientId: 'reader',
    brokers: [...brokers],
    logLevel: kafkajs.logLevel.NOTHING,
    retry: { retries: 50, initialRetryTime: 100, maxRetryTime: 1_000 },
  });
  const admin = kafka.admin();
  const groupId = `read-${topic}-${process.hrtime.bigint()}`;
  const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 100 });
  const read: ReadRecord[] = [];
  try {
    await admin.connect();
    const ends = await admin.fetchTopicOffsets(topic);
    const next = new Map<number, number>();
    await consumer.connect();
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatch: async ({ batch }) => {
        for (const message of batch.messages) read.push({ ...message, partition: batch.partition });
        next.set(batch.partition, Number(batch.lastOffset()) + 1);
      },
    });
    while (ends.some(({ partition, high }) => (next.get(partition) ?? 0) < Number(high))) await sleep(20);
  } finally {
    await consumer.disconnect();
    await admin.disconnect();
  }
  return read.sort((a, b) => a.partition - b.partition || Number(a.offset) - Number(b.offset));
}

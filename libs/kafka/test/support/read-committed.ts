import kafkajs, { type KafkaMessage } from 'kafkajs';

export type ReadRecord = KafkaMessage & { readonly partition: number };

const END = 'end-of-reading';

/**
 * What a consumer that reads committed records finds in a topic, by partition and offset. Waits until every transaction in it
 * has ended: kafkajs says nothing of a batch that was aborted, so each partition gets a last record, which nobody sees before.
 */
export async function readCommitted(brokers: readonly string[], topic: string): Promise<ReadRecord[]> {
  const kafka = new kafkajs.Kafka({
    clientId: 'reader',
    brokers: [...brokers],
    logLevel: kafkajs.logLevel.NOTHING,
    retry: { retries: 50, initialRetryTime: 100, maxRetryTime: 1_000 },
  });
  const end = `${END}-${process.hrtime.bigint()}`;
  const partitions = await writeEnds(kafka, topic, end);
  const consumer = kafka.consumer({ groupId: `read-${end}`, maxWaitTimeInMs: 100 });
  const read: ReadRecord[] = [];
  const done = Promise.withResolvers<void>();
  let ended = 0;
  try {
    await consumer.connect();
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachMessage: async ({ partition, message }) => {
        if (!message.value?.toString().startsWith(END)) read.push({ ...message, partition });
        else if (message.value.toString() === end && ++ended === partitions) done.resolve();
      },
    });
    await done.promise;
  } finally {
    await consumer.disconnect();
  }
  return read.sort((a, b) => a.partition - b.partition || Number(a.offset) - Number(b.offset));
}

/** @returns how many partitions there are */
async function writeEnds(kafka: kafkajs.Kafka, topic: string, end: string): Promise<number> {
  const admin = kafka.admin();
  await admin.connect();
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
  await admin.disconnect();
  const partitions = topics[0]?.partitions.length ?? 0;
  const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  await producer.connect();
  const messages = Array.from({ length: partitions }, (_, partition) => ({ partition, value: end }));
  await producer.send({ topic, messages });
  await producer.disconnect();
  return partitions;
}

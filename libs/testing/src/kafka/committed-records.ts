import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs from 'kafkajs';
import { findProgram } from '../provision/program.ts';
import { uniqueName } from '../wait/unique-name.ts';

/** A record as kcat prints it. */
export interface CommittedRecord {
  partition: number;
  offset: number;
  /** Milliseconds since the epoch. */
  ts: number;
  key: string | null;
  payload: string | null;
}

const END = 'end-of-reading';
const PAUSE_MS = 100;
const LONGEST_MS = 60_000;

/**
 * What a consumer that reads committed records sees, by partition and offset. Waits until every transaction in the topic has ended:
 * each partition gets a last record, which such a consumer does not see before.
 *
 * Read by kcat (see `skipWithout`), which shares no code with what it counts. The consumer of kafkajs 2.2.4 now and then hands
 * out records of aborted transactions.
 */
export async function committedRecords(
  brokers: readonly string[],
  topic: string,
): Promise<CommittedRecord[]> {
  const end = `${END} ${uniqueName('reader')}`;
  const partitions = await writeEnds(brokers, topic, end);
  for (const beganMs = performance.now(); performance.now() - beganMs < LONGEST_MS; await sleep(PAUSE_MS)) {
    const records = await readToEnd(brokers, topic);
    if (records.filter(({ payload }) => payload === end).length < partitions) continue;
    return records
      .filter(({ payload }) => !payload?.startsWith(END))
      .sort((a, b) => a.partition - b.partition || a.offset - b.offset);
  }
  throw new Error(`a transaction in ${topic} does not end`);
}

/** As far as the first transaction that is open. Not synchronous: a proxy in front of Kafka may be in this process. */
async function readToEnd(brokers: readonly string[], topic: string): Promise<CommittedRecord[]> {
  const from = ['-C', '-e', '-q', '-J', '-b', brokers.join(','), '-t', topic, '-o', 'beginning'];
  const kcat = spawn(findProgram('kcat') ?? 'kcat', [...from, '-X', 'isolation.level=read_committed'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [output] = await Promise.all([text(kcat.stdout), once(kcat, 'exit')]);
  return output
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as CommittedRecord);
}

/** @returns how many partitions there are */
async function writeEnds(brokers: readonly string[], topic: string, end: string): Promise<number> {
  const kafka = new kafkajs.Kafka({
    clientId: 'end-of-reading',
    brokers: [...brokers],
    logLevel: kafkajs.logLevel.NOTHING,
    retry: { retries: 50, initialRetryTime: 100, maxRetryTime: 1_000 },
  });
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

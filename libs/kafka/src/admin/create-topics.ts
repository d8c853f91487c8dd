import type { createTopicsV7 } from '@platformatic/kafka';
import { brokerError, KafkaDriverError } from '../errors.ts';
import type { ClusterClient } from '../wire/cluster-client.ts';
import { requests } from '../wire/versions.ts';
import { answerOf } from '../wire/wire-errors.ts';

export interface NewTopic {
  readonly topic: string;
  /** At least 1; -1 for the broker's default. */
  readonly partitions: number;
  /** At least 1 and at most the number of brokers; -1 for the broker's default. */
  readonly replication: number;
  readonly settings?: Readonly<Record<string, string>> | undefined;
}

export interface TopicCreation {
  readonly topic: string;
  /** False: it existed; nothing was compared. */
  readonly created: boolean;
}

const TOPIC_ALREADY_EXISTS = 36;

/** Creates topics. Rejects with the first that cannot be; its message says what was asked for and why the broker would not. */
export async function createTopics(
  client: ClusterClient,
  topics: readonly NewTopic[],
  timeoutMs: number,
): Promise<TopicCreation[]> {
  if (topics.length === 0) return [];
  const answer = await ask(client, topics, timeoutMs);
  return topics.map((wanted) => {
    const result = answer.topics.find(({ name }) => name === wanted.topic);
    const code = result?.errorCode ?? -1;
    if (code === 0 || code === TOPIC_ALREADY_EXISTS) return { topic: wanted.topic, created: code === 0 };
    throw refusal(wanted, code, result?.errorMessage ?? undefined);
  });
}

async function ask(
  client: ClusterClient,
  topics: readonly NewTopic[],
  timeoutMs: number,
): Promise<createTopicsV7.CreateTopicsResponse> {
  const wanted = topics.map(({ topic, partitions, replication, settings = {} }) => ({
    name: topic,
    numPartitions: partitions,
    replicationFactor: replication,
    assignments: [],
    configs: Object.entries(settings).map(([name, value]) => ({ name, value })),
  }));
  try {
    // With KRaft every broker passes it on to the controller (KIP-590).
    return await client.toAny(requests.CreateTopics, wanted, timeoutMs, false);
  } catch (error) {
    const answer = error instanceof KafkaDriverError ? answerOf(error.cause) : undefined;
    if (answer === undefined) throw error;
    return answer as createTopicsV7.CreateTopicsResponse;
  }
}

function refusal({ topic, partitions, replication }: NewTopic, code: number, why: string | undefined) {
  const asked = `creating it with ${partitions} partitions and replication ${replication}`;
  return brokerError(code, { topic, detail: why === undefined ? asked : `${asked}: ${why}` });
}

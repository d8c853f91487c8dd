import { brokerError, unknownPartition, type KafkaDriverError } from '../errors.ts';
import type { ClusterClient, TopicInfo } from './cluster-client.ts';

/** Who leads a partition, or why the partition cannot be sent to. */
export type Leadership =
  | { readonly node: number }
  | { readonly error: KafkaDriverError; /** Asking again may help. */ readonly passing: boolean };

const LEADER_NOT_AVAILABLE = 5;
const UNKNOWN_TOPIC_OR_PARTITION = 3;

/** The leaders of the partitions sent to, asked for once and again whenever a try failed. */
export class Leaders {
  readonly #client: ClusterClient;
  readonly #topics = new Map<string, TopicInfo>();

  constructor(client: ClusterClient) {
    this.#client = client;
  }

  /** Asks for the topics that are not known yet. */
  async learn(topics: Iterable<string>): Promise<void> {
    const missing = new Set<string>();
    for (const topic of topics) if (!this.#topics.has(topic)) missing.add(topic);
    if (missing.size > 0) await this.refresh(missing);
  }

  async refresh(topics: Iterable<string>): Promise<void> {
    const { topics: answers } = await this.#client.describe([...topics]);
    for (const topic of answers) this.#topics.set(topic.name, topic);
  }

  of(topic: string, partition: number): Leadership {
    const info = this.#topics.get(topic);
    if (info === undefined) return passing(LEADER_NOT_AVAILABLE, topic, partition);
    if (info.errorCode === LEADER_NOT_AVAILABLE || info.errorCode === UNKNOWN_TOPIC_OR_PARTITION) {
      return passing(info.errorCode, topic, undefined);
    }
    if (info.errorCode !== 0) {
      const error = brokerError(info.errorCode, { topic });
      return { error, passing: error.retryable && !error.topicFault };
    }
    const leader = info.partitions[partition]?.leader;
    if (leader === undefined) {
      return { error: unknownPartition(topic, partition, info.partitions.length), passing: false };
    }
    return leader >= 0 ? { node: leader } : passing(LEADER_NOT_AVAILABLE, topic, partition);
  }
}

function passing(code: number, topic: string, partition: number | undefined): Leadership {
  return { error: brokerError(code, { topic, partition }), passing: true };
}

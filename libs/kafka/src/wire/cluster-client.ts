import { apiVersionsV3, type API, type Connection, type metadataV9 } from '@platformatic/kafka';
import type { ClusterOptions } from '../driver-options.ts';
import { KafkaDriverError, KafkaErrorCode } from '../errors.ts';
import { addressKey, parseAddress, type Address } from './addresses.ts';
import { Connections } from './connections.ts';
import { checkVersions, requests } from './versions.ts';
import { answerOf, fromWire } from './wire-errors.ts';

export interface PartitionInfo {
  /** Node id of the leader; -1 while there is none. */
  readonly leader: number;
  readonly replicas: readonly number[];
  readonly inSync: readonly number[];
}

export interface TopicInfo {
  readonly name: string;
  /** Error code of the protocol for this topic, 0 if it is fine. */
  readonly errorCode: number;
  /** By partition number. */
  readonly partitions: readonly PartitionInfo[];
}

export interface BrokerInfo extends Address {
  readonly nodeId: number;
}

export interface ClusterInfo {
  readonly clusterId: string;
  readonly controllerId: number;
  readonly brokers: readonly BrokerInfo[];
  readonly topics: readonly TopicInfo[];
}

/**
 * Requests to a cluster, without any retrying of its own: connections are made where needed, a failed request fails.
 * Failures are `KafkaDriverError`.
 */
export class ClusterClient {
  readonly #bootstrap: readonly Address[];
  readonly #connections: Connections;
  #brokers = new Map<number, BrokerInfo>();
  /** Where `anyBroker` begins; moves on when a broker fails, so that one that hangs is not asked twice in a row. */
  #turn = 0;
  #checked = false;

  constructor(options: ClusterOptions) {
    this.#bootstrap = options.brokers.map(parseAddress);
    this.#connections = new Connections(options);
  }

  /** Sends a request to the broker with this node id, known from the last `describe`. */
  async toNode<Args extends unknown[], Answer>(
    nodeId: number,
    api: API<Args, Answer>,
    ...args: Args
  ): Promise<Answer> {
    const broker = this.#brokers.get(nodeId);
    if (broker === undefined) {
      throw new KafkaDriverError(`Broker ${nodeId} is not in the cluster's metadata`, {
        code: KafkaErrorCode.connection,
        retryable: true,
      });
    }
    return request(await this.#connections.to(broker), api, args);
  }

  /** Sends a request that every broker can answer. */
  async toAny<Args extends unknown[], Answer>(api: API<Args, Answer>, ...args: Args): Promise<Answer> {
    const connection = await this.#anyBroker();
    try {
      return await request(connection, api, args);
    } catch (error) {
      this.#turn++;
      throw error;
    }
  }

  /**
   * Asks for the brokers and these topics (none: an empty list). Topics in error are returned with their error code.
   * Never creates a topic, whatever the broker's `auto.create.topics.enable`.
   */
  async describe(topics: readonly string[]): Promise<ClusterInfo> {
    const answer = await this.#metadata([...topics]);
    const brokers = answer.brokers.map(({ nodeId, host, port }) => ({ nodeId, host, port }));
    if (brokers.length > 0) this.#brokers = new Map(brokers.map((broker) => [broker.nodeId, broker]));
    return {
      clusterId: answer.clusterId ?? '',
      controllerId: answer.controllerId,
      brokers,
      topics: answer.topics.map(topicInfo),
    };
  }

  sever(): void {
    this.#connections.sever();
  }

  async #metadata(topics: string[]): Promise<metadataV9.MetadataResponse> {
    try {
      return await this.toAny(requests.Metadata, topics, false, false, false);
    } catch (error) {
      // Topic and partition errors make the library throw; the rest of the answer is good.
      const answer = error instanceof KafkaDriverError ? answerOf(error.cause) : undefined;
      if (answer === undefined) throw error;
      return answer as metadataV9.MetadataResponse;
    }
  }

  async #anyBroker(): Promise<Connection> {
    const known = new Map<string, Address>();
    for (const address of [...this.#brokers.values(), ...this.#bootstrap])
      known.set(addressKey(address), address);
    const addresses = [...known.values()];
    let last: unknown;
    for (let i = 0; i < addresses.length; i++) {
      try {
        const connection = await this.#connections.to(addresses[this.#turn % addresses.length]!);
        await this.#checkVersions(connection);
        return connection;
      } catch (error) {
        last = error;
        if (error instanceof KafkaDriverError && !error.retryable) throw error;
        if (this.#connections.severed) throw error;
        this.#turn++;
      }
    }
    throw new KafkaDriverError(`No broker answers at ${[...known.keys()].join(', ')}`, {
      code: KafkaErrorCode.connection,
      retryable: true,
      cause: last,
    });
  }

  async #checkVersions(connection: Connection): Promise<void> {
    if (this.#checked) return;
    const answer = await request(connection, apiVersionsV3.api, ['tributary', '1']);
    checkVersions(answer.apiKeys);
    this.#checked = true;
  }
}

async function request<Args extends unknown[], Answer>(
  connection: Connection,
  api: API<Args, Answer>,
  args: Args,
): Promise<Answer> {
  try {
    return await api.async(connection, ...args);
  } catch (thrown) {
    throw fromWire(thrown);
  }
}

function topicInfo({ name, errorCode, partitions }: metadataV9.MetadataResponseTopic): TopicInfo {
  const infos: PartitionInfo[] = [];
  for (const { partitionIndex, leaderId, replicaNodes, isrNodes } of partitions) {
    infos[partitionIndex] = { leader: leaderId, replicas: replicaNodes, inSync: isrNodes };
  }
  return { name, errorCode, partitions: infos };
}

import { join } from 'node:path';
import type { Admin, ITopicMetadata } from 'kafkajs';
import { provisionKafka } from '../provision/kafka-program.ts';
import { freePort } from '../wait/free-port.ts';
import { until } from '../wait/until.ts';
import { newClusterId, startKafka, type KafkaOptions, type KafkaServer } from './kafka-server.ts';

export interface KafkaClusterOptions extends Omit<
  KafkaOptions,
  'port' | 'controllerPort' | 'member' | 'clusterId' | 'logFile'
> {
  /** How many; default 3: three replicas of everything, of which two must have a record before it is acknowledged. */
  brokers?: number;
}

// Three virtual machines on one small machine.
const HEAP = { startMb: 128, maxMb: 512 };

/** Several Kafka nodes, all voters of one quorum. Each can be killed, frozen and started again; disposing kills all. */
export class KafkaCluster implements AsyncDisposable {
  readonly servers: readonly KafkaServer[];
  /** For clients: `host:port` of each. */
  readonly brokers: string[];

  constructor(servers: readonly KafkaServer[]) {
    this.servers = servers;
    this.brokers = servers.flatMap(({ brokers }) => brokers);
  }

  /** Resolves to the broker that leads a partition, once there is one that works. */
  async leaderOf(topic: string, partition: number): Promise<KafkaServer> {
    return this.#asking(`partition ${partition} of ${topic} has a leader`, async (admin) => {
      const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
      const found = topics[0]?.partitions.find(({ partitionId }) => partitionId === partition);
      const leader = found && this.servers[found.leader - 1];
      // The others name one that was killed or frozen until its registration has expired.
      return leader?.process.working ? leader : undefined;
    });
  }

  /** Resolves when every broker serves and no partition lacks a replica: the next one may be taken away. */
  async settled(timeoutMs = 60_000): Promise<void> {
    const complete = ({ partitions }: ITopicMetadata): boolean =>
      partitions.every(({ leader, isr, replicas }) => leader >= 0 && isr.length === replicas.length);
    const what = 'all brokers serve and all replicas have caught up';
    await this.#asking(
      what,
      async (admin) => {
        const { brokers } = await admin.describeCluster();
        if (brokers.length < this.servers.length) return false;
        return (await admin.fetchTopicMetadata()).topics.every(complete);
      },
      timeoutMs,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.servers.map((server) => server[Symbol.asyncDispose]()));
  }

  async #asking<T extends object | boolean>(
    what: string,
    question: (admin: Admin) => Promise<T | undefined>,
    timeoutMs = 60_000,
  ) {
    // Only who has a cluster pays for loading a client.
    const { Kafka, logLevel } = (await import('kafkajs')).default;
    const kafka = new Kafka({ brokers: this.brokers, clientId: 'cluster-probe', logLevel: logLevel.NOTHING });
    const answer = async (): Promise<T | undefined> => {
      const admin = kafka.admin({ retry: { retries: 1 } });
      try {
        await admin.connect();
        return await question(admin);
      } finally {
        await admin.disconnect();
      }
    };
    return until(answer, { what, timeoutMs, intervalMs: 100 });
  }
}

/**
 * Starts Kafka nodes side by side, each on free ports of 127.0.0.1 with data of its own, and waits until all serve. In a
 * `dataFolder` that is given each has a folder with its number.
 */
export async function startKafkaCluster(options: KafkaClusterOptions = {}): Promise<KafkaCluster> {
  const { brokers: count = 3, dataFolder, ...common } = options;
  await provisionKafka();
  const controllerPorts = await Promise.all(Array.from({ length: count }, () => freePort()));
  const clusterId = newClusterId();
  const starting = controllerPorts.map((controllerPort, index) =>
    startKafka({
      heap: HEAP,
      ...common,
      ...(dataFolder !== undefined && { dataFolder: join(dataFolder, String(index)) }),
      controllerPort,
      clusterId,
      member: { index, controllerPorts },
    }),
  );
  const started = await Promise.allSettled(starting);
  const cluster = new KafkaCluster(started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])));
  try {
    for (const one of started) if (one.status === 'rejected') throw one.reason;
    await cluster.settled();
  } catch (error) {
    await cluster[Symbol.asyncDispose]();
    throw error;
  }
  return cluster;
}

import type { JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { deadLetterStream } from '@tributary/contracts';
import { KafkaAdmin } from '@tributary/kafka';
import {
  ensureOut,
  ensureStream,
  Membership,
  Ownership,
  type LeaderBucket,
  type Lease,
  type LogTopology,
  type Publisher,
} from '@tributary/log';
import type { ResolvedCluster } from '@tributary/mapping';
import type { Health, Log } from '@tributary/service';
import type { Metrics } from '@tributary/telemetry';
import type { EgressConfig } from '../config.ts';
import { clusterOptions } from '../kafka/cluster-options.ts';
import { ClusterProducers } from '../kafka/cluster-producers.ts';
import { TopicDirectory } from '../kafka/topic-directory.ts';
import { PartitionWorker } from '../partition/partition-worker.ts';
import type { ClusterContext } from './cluster-context.ts';
import { clusterGauges } from './cluster-gauges.ts';
import { ClusterHealth } from './cluster-health.ts';
import { watchDurability } from './durability-watch.ts';

/** What all clusters of a process share. */
export interface EgressResources {
  readonly config: EgressConfig;
  readonly instance: string;
  readonly nats: NatsConnection;
  readonly publisher: Publisher;
  readonly manager: JetStreamManager;
  readonly topology: LogTopology;
  /** `buckets.leases` */
  readonly leases: LeaderBucket;
  readonly health: Pick<Health, 'set' | 'remove'>;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** Each operation is tried again by whoever needs it; the shorter it is, the sooner health says what is wrong. */
const ADMIN_TIMEOUT_MS = 5_000;

/**
 * One life of a cluster in this process: joined, owning its share of the partitions, until it is closed or its
 * lease is lost. Each cluster is a role of its own, so that processes may serve different clusters.
 */
export class ClusterEgress implements AsyncDisposable {
  readonly #context: ClusterContext;
  readonly #workers: ReadonlyMap<number, PartitionWorker>;
  readonly #membership: Membership;
  readonly #scope: AsyncDisposableStack;
  readonly #closing = new AbortController();
  #topics: readonly string[];

  private constructor(
    context: ClusterContext,
    workers: ReadonlyMap<number, PartitionWorker>,
    membership: Membership,
    scope: AsyncDisposableStack,
  ) {
    this.#context = context;
    this.#workers = workers;
    this.#membership = membership;
    this.#scope = scope;
    this.#topics = context.cluster.topics;
  }

  /** @throws LogError 'stream-differs' if a stream is not what the settings say */
  static async open(cluster: ResolvedCluster, resources: EgressResources): Promise<ClusterEgress> {
    const { config, topology, instance, log } = resources;
    await ensureStreams(cluster.name, resources);
    await using opening = new AsyncDisposableStack();
    const health = opening.use(new ClusterHealth(resources.health, cluster.name));
    const reach = clusterOptions(cluster, config, `tributary-egress-${instance}`);
    const admin = opening.use(new KafkaAdmin({ ...reach, operationTimeoutMs: ADMIN_TIMEOUT_MS }));
    const topics = topicDirectory(cluster, admin, config['egress.topicPatienceMs'], log);
    const { generation } = topology;
    const producers = opening.use(
      new ClusterProducers({ cluster, generation, reach, config, metrics: resources.metrics }),
    );
    const context: ClusterContext = { ...resources, cluster, admin, topics, producers, health };
    const workers = new Map<number, PartitionWorker>();
    opening.use(clusterGauges(context, workers));
    const owning: { ownership?: Ownership } = {};
    const membership = opening.use(
      await Membership.join({
        kv: resources.leases,
        role: `kafka-egress-${cluster.name}`,
        instance,
        ttlMs: config['lease.ttlMs'],
        onChange: () => owning.ownership?.reconcile(),
      }),
    );
    // Somebody else may own the partitions by now: what is in flight is not waited for.
    const end = (): void => void producers[Symbol.asyncDispose]();
    if (membership.lost.aborted) end();
    else membership.lost.addEventListener('abort', end, { once: true });
    owning.ownership = opening.use(
      new Ownership({
        membership,
        work: (lease) => work(context, workers, lease, membership.lost),
        onWorkerError: (resource, error) =>
          log.error({ resource, error }, 'partition failed, tried again soon'),
      }),
    );
    owning.ownership.setResources(topology.streams.map((_, partition) => `${cluster.name}_${partition}`));
    const egress = new ClusterEgress(context, workers, membership, opening.move());
    egress.prepare(cluster.topics);
    if (config['deployment.profile'] === 'production') egress.#watchDurability();
    return egress;
  }

  /** Has these topics looked at and, where the mapping says how, created. Goes on in the background. */
  prepare(topics: readonly string[]): void {
    this.#topics = topics;
    this.#context.topics.prepare(topics, this.#closing.signal).catch((error: unknown) => {
      if (!this.#closing.signal.aborted) this.#context.log.warn({ error }, 'topics could not be looked at');
    });
  }

  /** Aborted when the lease is gone: close this and open the cluster anew. */
  get lost(): AbortSignal {
    return this.#membership.lost;
  }

  /** For the status of the service. */
  status(): unknown {
    const { cluster, health, topics } = this.#context;
    const partitions = [...this.#workers].map(([partition, { trimmer }]) => {
      const { position, outSequence } = trimmer.commit ?? {};
      return { partition, position, outSequence, lag: trimmer.lag, troubles: health.troubles(partition) };
    });
    return { brokers: cluster.brokers, partitions, topicsAtFault: topics.faults };
  }

  #watchDurability(): void {
    const { admin, cluster, config, health, log } = this.#context;
    const watching = watchDurability({
      admin,
      topics: () => [config['egress.positionsTopic'], ...this.#topics],
      signal: this.#closing.signal,
      onLook: (finding) => health.ofCluster(finding),
    });
    watching.catch((error: unknown) =>
      log.error({ cluster: cluster.name, error }, 'topics are no longer watched'),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#scope.disposeAsync();
  }
}

async function ensureStreams(cluster: string, { config, manager, topology }: EgressResources): Promise<void> {
  const replicas = config['log.replicas'];
  await ensureOut(manager, cluster, topology, { maxBytes: config['out.maxBytes'], replicas });
  const maxBytes = config['deadLetters.maxBytes'];
  await ensureStream(manager, deadLetterStream(cluster, { maxBytes, replicas }));
}

async function work(
  context: ClusterContext,
  workers: Map<number, PartitionWorker>,
  lease: Lease,
  lost: AbortSignal,
): Promise<void> {
  const partition = Number(lease.resource.slice(lease.resource.lastIndexOf('_') + 1));
  const worker = new PartitionWorker(context, partition, lease);
  workers.set(partition, worker);
  try {
    await worker.run(lost);
  } finally {
    workers.delete(partition);
  }
}

function topicDirectory(
  cluster: ResolvedCluster,
  admin: KafkaAdmin,
  patienceMs: number,
  log: Log,
): TopicDirectory {
  return new TopicDirectory({
    admin,
    creation: cluster.createTopics,
    patienceMs,
    onChange: (topic, what, reason) => {
      const about = { cluster: cluster.name, topic, finding: reason };
      switch (what) {
        case 'unusable':
          return log.warn(about, 'a topic of the mapping cannot be produced to');
        case 'fault':
          return log.error(about, 'topic cannot be produced to, its records wait');
        case 'given-up':
          return log.error(about, 'topic cannot be produced to, its records become dead letters');
        case 'usable':
          return log.info({ cluster: cluster.name, topic }, 'topic can be produced to again');
        case 'created':
          return log.info({ cluster: cluster.name, topic, ...cluster.createTopics }, 'topic created');
      }
    },
  });
}

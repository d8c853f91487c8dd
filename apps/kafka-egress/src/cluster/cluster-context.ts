import type { JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { KafkaAdmin } from '@tributary/kafka';
import type { LogTopology, Publisher } from '@tributary/log';
import type { ResolvedCluster } from '@tributary/mapping';
import type { Log } from '@tributary/service';
import type { Metrics } from '@tributary/telemetry';
import type { EgressConfig } from '../config.ts';
import type { ClusterProducers } from '../kafka/cluster-producers.ts';
import type { TopicDirectory } from '../kafka/topic-directory.ts';
import type { ClusterHealth } from './cluster-health.ts';

/** What the partitions of one cluster share. */
export interface ClusterContext {
  readonly cluster: ResolvedCluster;
  readonly config: EgressConfig;
  readonly instance: string;
  readonly nats: NatsConnection;
  readonly publisher: Publisher;
  readonly manager: JetStreamManager;
  readonly topology: LogTopology;
  readonly admin: KafkaAdmin;
  readonly topics: TopicDirectory;
  readonly producers: ClusterProducers;
  readonly health: ClusterHealth;
  readonly metrics: Metrics;
  readonly log: Log;
}

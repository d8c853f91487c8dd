import type { JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { CursorRegistry, LogTopology, Publisher, SendClock } from '@tributary/log';
import type { Health, Log } from '@tributary/service';
import type { Metrics } from '@tributary/telemetry';
import type { MapperConfig } from '../config.ts';
import type { ActiveMapping } from '../mapping/active-mapping.ts';
import type { MappingLibrary } from '../mapping/mapping-library.ts';

/** What all partitions of this process share. */
export interface MapperContext {
  readonly config: MapperConfig;
  readonly nats: NatsConnection;
  readonly publisher: Publisher;
  readonly clock: SendClock;
  readonly manager: JetStreamManager;
  readonly topology: LogTopology;
  readonly cursors: CursorRegistry;
  readonly active: ActiveMapping;
  readonly library: MappingLibrary;
  /** Largest message the server takes, in bytes. */
  readonly maxPayload: number;
  readonly health: Pick<Health, 'set' | 'remove'>;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** One resource of the mapper: a cluster's share of one log partition. */
export interface ClusterPartition {
  readonly cluster: string;
  readonly partition: number;
}

export function resourceName({ cluster, partition }: ClusterPartition): string {
  return `${cluster}_${partition}`;
}

/** Names of clusters hold no underscore. */
export function parseResource(resource: string): ClusterPartition {
  const [cluster = '', partition] = resource.split('_');
  return { cluster, partition: Number(partition) };
}

import type { ClusterOptions } from '@tributary/kafka';
import type { ResolvedCluster } from '@tributary/mapping';
import type { Metrics } from '@tributary/telemetry';
import type { EgressConfig } from '../config.ts';
import { ClusterError } from '../errors.ts';
import { positionScope } from '../position/position.ts';
import { createDriver } from './cluster-options.ts';
import { PartitionProducer } from './partition-producer.ts';
import type { Producer } from './producer.ts';
import { ProducerMetrics } from './producer-metrics.ts';
import { ProducerSlot } from './producer-slot.ts';
import { SharedProducer, type SlotTuning } from './shared-producer.ts';
import { TransactionalProducer } from './transactional-producer.ts';

export interface ClusterProducersOptions {
  readonly cluster: ResolvedCluster;
  readonly generation: number;
  readonly reach: ClusterOptions;
  readonly config: EgressConfig;
  readonly metrics: Metrics;
}

/** One partition that wants to produce. */
export interface PartitionLink {
  readonly partition: number;
  /** Nothing more of it may be sent. */
  readonly signal: AbortSignal;
  /** Kafka cannot be reached or does not answer; null: it does again. */
  onAway(reason: string | null): void;
}

/**
 * Gives each partition what it produces with: at at-least-once a share in the one producer of the cluster (ADR 9), at
 * exactly-once a producer with transactions of its own (ADR 10).
 */
export class ClusterProducers implements AsyncDisposable {
  readonly #options: ClusterProducersOptions;
  readonly #metrics: ProducerMetrics;
  readonly #shared: SharedProducer | null;

  /** @throws ClusterError if this process cannot deliver as the mapping asks */
  constructor(options: ClusterProducersOptions) {
    const { cluster, config, metrics } = options;
    this.#options = options;
    this.#metrics = new ProducerMetrics(metrics, cluster.name);
    const exactlyOnce = cluster.delivery === 'exactly-once';
    if (exactlyOnce && config['egress.driver'] !== 'platformatic') {
      throw new ClusterError(
        `the mapping wants exactly-once delivery to "${cluster.name}", and the driver ${config['egress.driver']} has no ` +
          'transactions: set egress.driver to platformatic, or write delivery: at-least-once',
      );
    }
    this.#shared = exactlyOnce
      ? null
      : new SharedProducer({
          lingerMs: config['egress.lingerMs'],
          metrics: this.#metrics,
          openSlot: (tuning) => this.#openSlot(tuning),
        });
  }

  /** What `partition` produces with until it is disposed of. */
  open({ partition, signal, onAway }: PartitionLink): Producer & AsyncDisposable {
    if (this.#shared !== null) return new PartitionProducer(this.#shared, signal, onAway);
    const { cluster, generation, config } = this.#options;
    const scope = positionScope(cluster.name, generation, partition);
    // Whoever shares the positions topic shares positions, and is to be fenced; nobody else is.
    const transactionalId = `tributary/${config['egress.positionsTopic']}/${scope}`;
    return new TransactionalProducer({
      openSlot: (tuning) => this.#openSlot(tuning, transactionalId),
      signal,
      lingerMs: config['egress.transactionLingerMs'],
      onAway,
    });
  }

  /** Ends at once what the partitions have in common. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#shared?.[Symbol.asyncDispose]();
  }

  #openSlot(tuning: SlotTuning & { onConnected?(): Promise<void> }, transactionalId?: string): ProducerSlot {
    const { config, reach } = this.#options;
    const timeoutMs = config['egress.transactionTimeoutMs'];
    const transaction = transactionalId === undefined ? undefined : { id: transactionalId, timeoutMs };
    return new ProducerSlot({
      ...tuning,
      metrics: this.#metrics,
      doubtMs: config['lease.ttlMs'] / 2,
      create: (batches) => createDriver(reach, config, { ...batches, transaction }),
    });
  }
}

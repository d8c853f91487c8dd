import {
  createProducerDriver,
  type ClusterOptions,
  type ProducerDriver,
  type RetryNotice,
  type TransactionOptions,
} from '@tributary/kafka';
import type { ResolvedCluster } from '@tributary/mapping';
import type { EgressConfig } from '../config.ts';

/** How to reach a cluster of the mapping. @param clientId shown in the brokers' logs */
export function clusterOptions(
  cluster: ResolvedCluster,
  config: EgressConfig,
  clientId: string,
): ClusterOptions {
  const { brokers, ssl, sasl } = cluster;
  return {
    brokers,
    clientId,
    requestTimeoutMs: config['egress.requestTimeoutMs'],
    ...(ssl === null ? {} : { tls: ssl }),
    ...(sasl === null ? {} : { sasl }),
  };
}

export interface DriverTuning {
  readonly maxBatchBytes: number;
  readonly transaction?: TransactionOptions | undefined;
  onRetry(notice: RetryNotice): void;
}

/** A producer for a cluster, not connected yet. @throws KafkaDriverError if the driver lacks what the settings ask for */
export function createDriver(
  options: ClusterOptions,
  config: EgressConfig,
  tuning: DriverTuning,
): ProducerDriver {
  return createProducerDriver({
    ...options,
    ...tuning,
    driver: config['egress.driver'],
    compression: config['egress.compression'],
    deliveryTimeoutMs: config['egress.deliveryTimeoutMs'],
  });
}

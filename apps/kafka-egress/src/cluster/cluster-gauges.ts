import type { PartitionWorker } from '../partition/partition-worker.ts';
import type { ClusterContext } from './cluster-context.ts';

/** Gauges of a cluster and of its partitions; those of a partition say nothing while it is owned elsewhere. */
export function clusterGauges(
  { metrics, cluster, topology, health, watermarks }: ClusterContext,
  workers: ReadonlyMap<number, PartitionWorker>,
): Disposable {
  const { name } = cluster;
  const gauges = new DisposableStack();
  gauges.use(metrics.gauge('tributary_leases_held', { kind: `kafka-egress-${name}` }, () => workers.size));
  gauges.use(metrics.gauge('tributary_egress_blocked_partitions', { cluster: name }, () => health.blocked));
  for (const partition of topology.streams.keys()) {
    const place = { cluster: name, partition: String(partition) };
    const trimmer = () => workers.get(partition)?.trimmer;
    gauges.use(metrics.gauge('tributary_egress_position', place, () => trimmer()?.commit?.position.sequence));
    gauges.use(metrics.gauge('tributary_egress_watermark', place, () => watermarks.sequence(partition)));
    gauges.use(metrics.gauge('tributary_egress_log_lag', place, () => trimmer()?.lag?.logSequences));
    gauges.use(metrics.gauge('tributary_egress_out_lag', place, () => trimmer()?.lag?.outMessages));
    gauges.use(metrics.gauge('tributary_egress_out_bytes', place, () => trimmer()?.lag?.outBytes));
    gauges.use(
      metrics.gauge('tributary_egress_oldest_record_age_seconds', place, () => trimmer()?.lag?.oldestSeconds),
    );
    gauges.use(
      metrics.gauge('tributary_partition_halted', place, () =>
        workers.has(partition) ? Number(health.isHalted(partition)) : undefined,
      ),
    );
  }
  return gauges;
}

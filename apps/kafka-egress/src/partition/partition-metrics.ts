import type { DeadLetter } from '@tributary/contracts';
import type { Counter, Histogram, Metrics } from '@tributary/telemetry';

/** The cells that one partition of one cluster counts in. */
export class PartitionMetrics {
  readonly records: Counter;
  readonly recordBytes: Counter;
  readonly trims: Counter;
  readonly commitSeconds: Histogram;
  readonly #metrics: Metrics;
  readonly #cluster: string;

  constructor(metrics: Metrics, cluster: string, partition: number) {
    const place = { cluster, partition: String(partition) };
    this.#metrics = metrics;
    this.#cluster = cluster;
    this.records = metrics.counter('tributary_egress_records_total', place);
    this.recordBytes = metrics.counter('tributary_egress_record_bytes_total', place);
    this.trims = metrics.counter('tributary_egress_trims_total', place);
    this.commitSeconds = metrics.histogram('tributary_egress_commit_latency_seconds', { cluster });
  }

  deadLetter({ code }: DeadLetter): void {
    this.#metrics.counter('tributary_egress_dead_letters_total', { cluster: this.#cluster, code }).add();
  }
}

import type { DeadLetter } from '@tributary/contracts';
import type { Counter, Histogram, Metrics } from '@tributary/telemetry';

/** The cells that one partition of one cluster counts in. */
export class PartitionMetrics {
  readonly records: Counter;
  readonly recordBytes: Counter;
  readonly sends: Counter;
  readonly recycles: Counter;
  readonly trims: Counter;
  readonly sendSeconds: Histogram;
  readonly commitSeconds: Histogram;
  readonly #metrics: Metrics;
  readonly #cluster: string;

  constructor(metrics: Metrics, cluster: string, partition: number) {
    const place = { cluster, partition: String(partition) };
    this.#metrics = metrics;
    this.#cluster = cluster;
    this.records = metrics.counter('tributary_egress_records_total', place);
    this.recordBytes = metrics.counter('tributary_egress_record_bytes_total', place);
    this.sends = metrics.counter('tributary_egress_sends_total', { cluster });
    this.recycles = metrics.counter('tributary_egress_driver_recycles_total', { cluster });
    this.trims = metrics.counter('tributary_egress_trims_total', place);
    this.sendSeconds = metrics.histogram('tributary_egress_send_duration_seconds', { cluster });
    this.commitSeconds = metrics.histogram('tributary_egress_commit_latency_seconds', { cluster });
  }

  retried(code: string): void {
    this.#metrics.counter('tributary_egress_send_retries_total', { cluster: this.#cluster, code }).add();
  }

  deadLetter({ code }: DeadLetter): void {
    this.#metrics.counter('tributary_egress_dead_letters_total', { cluster: this.#cluster, code }).add();
  }
}

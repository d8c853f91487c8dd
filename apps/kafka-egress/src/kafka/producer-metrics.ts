import type { Counter, Histogram, Metrics } from '@tributary/telemetry';

/** The cells that the producers of one cluster count in. */
export class ProducerMetrics {
  readonly sends: Counter;
  readonly shares: Counter;
  readonly recycles: Counter;
  readonly seconds: Histogram;
  readonly #metrics: Metrics;
  readonly #cluster: string;

  constructor(metrics: Metrics, cluster: string) {
    this.#metrics = metrics;
    this.#cluster = cluster;
    this.sends = metrics.counter('tributary_egress_sends_total', { cluster });
    this.shares = metrics.counter('tributary_egress_send_shares_total', { cluster });
    this.recycles = metrics.counter('tributary_egress_driver_recycles_total', { cluster });
    this.seconds = metrics.histogram('tributary_egress_send_duration_seconds', { cluster });
  }

  retried(code: string): void {
    this.#metrics.counter('tributary_egress_send_retries_total', { cluster: this.#cluster, code }).add();
  }
}

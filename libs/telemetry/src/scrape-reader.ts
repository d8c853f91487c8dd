import { PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { AggregationTemporality, InstrumentType, MetricReader } from '@opentelemetry/sdk-metrics';

/**
 * Reads all instruments when asked and writes them as Prometheus text. The exporter's own HTTP server is not used:
 * health and metrics share the port of the service.
 */
export class ScrapeReader extends MetricReader {
  readonly #serializer = new PrometheusSerializer(undefined, false, undefined, false, true);

  constructor() {
    super({
      // Cumulative gauges would repeat the last value of a label combination that is no longer observed for ever: the
      // lag of a partition that moved to another instance, for instance. A gauge has no temporality otherwise.
      aggregationTemporalitySelector: (type) =>
        type === InstrumentType.OBSERVABLE_GAUGE
          ? AggregationTemporality.DELTA
          : AggregationTemporality.CUMULATIVE,
    });
  }

  /** Prometheus text exposition format 0.0.4. */
  async text(): Promise<string> {
    const { resourceMetrics, errors } = await this.collect();
    const text = this.#serializer.serialize(resourceMetrics);
    // A gauge whose callback throws must not take the whole page away, nor vanish without a word.
    const notes = errors.map(
      (error) => `# a metric could not be read: ${String(error).replaceAll('\n', ' ')}\n`,
    );
    return text + notes.join('');
  }

  protected override onForceFlush(): Promise<void> {
    return Promise.resolve();
  }

  protected override onShutdown(): Promise<void> {
    return Promise.resolve();
  }
}

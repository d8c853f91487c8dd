import type { Meter } from '@opentelemetry/api';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { catalogue } from './catalogue.ts';
import type { Catalogue, LabelsOf, MetricName } from './catalogue.ts';
import { CellSet, Counter } from './cells.ts';
import type { Histogram } from './cells.ts';
import type { MetricDefinition } from './definition.ts';
import { registerProcessMetrics } from './process-metrics.ts';
import { ScrapeReader } from './scrape-reader.ts';

/** Labels may be left out where a metric has none. */
type LabelArguments<N extends keyof Catalogue> = [keyof LabelsOf<N>] extends [never]
  ? [labels?: LabelsOf<N>]
  : [labels: LabelsOf<N>];

/** Who exports the metrics; becomes `target_info`. */
export interface MetricsResource {
  readonly service: string;
  readonly instance: string;
  readonly version: string;
}

/** The metrics of one process. Get a cell once, keep it, and use it on the hot path. */
export class Metrics implements AsyncDisposable {
  readonly #reader = new ScrapeReader();
  readonly #provider: MeterProvider;
  readonly #meter: Meter;
  readonly #counters = new Map<string, CellSet<Counter>>();
  readonly #gauges = new Map<string, CellSet<() => number | undefined>>();
  readonly #histograms = new Map<string, CellSet<Histogram>>();
  readonly #processMetrics: Disposable;

  constructor(resource: MetricsResource) {
    this.#provider = new MeterProvider({
      resource: resourceFromAttributes({
        'service.name': resource.service,
        'service.instance.id': resource.instance,
        'service.version': resource.version,
      }),
      readers: [this.#reader],
    });
    this.#meter = this.#provider.getMeter('tributary');
    this.#processMetrics = registerProcessMetrics(this);
  }

  /** The counter of these labels; the same cell for the same labels. Exported as 0 from now on. */
  counter<N extends MetricName<'counter'>>(name: N, ...[labels]: LabelArguments<N>): Counter {
    return this.#cellsOf(this.#counters, name, (definition, cells) => {
      this.#meter.createObservableCounter(name, describe(definition)).addCallback((result) => {
        for (const { cell, labels } of cells.values()) result.observe(cell.value, labels);
      });
    }).getOrCreate(labels ?? {}, () => new Counter());
  }

  /**
   * Has `read` called at every scrape; undefined means "nothing to say now". A second gauge with the same labels takes
   * the place of the first. Dispose of the result when the thing measured is gone.
   */
  gauge<N extends MetricName<'gauge'>>(
    name: N,
    labels: LabelsOf<N>,
    read: () => number | undefined,
  ): Disposable {
    return this.#cellsOf(this.#gauges, name, (definition, cells) => {
      this.#meter.createObservableGauge(name, describe(definition)).addCallback((result) => {
        for (const { cell, labels } of cells.values()) {
          const value = cell();
          if (value !== undefined) result.observe(value, labels);
        }
      });
    }).replace(labels, read);
  }

  /** The histogram of these labels. */
  histogram<N extends MetricName<'histogram'>>(name: N, ...[labels]: LabelArguments<N>): Histogram {
    const attributes: Record<string, string> = labels ?? {};
    return this.#cellsOf(this.#histograms, name, () => undefined).getOrCreate(attributes, () => {
      const instrument = this.#meter.createHistogram(name, describe(catalogue[name]));
      return { record: (value) => instrument.record(value, attributes) };
    });
  }

  /**
   * A counter whose value is kept elsewhere (a driver, the operating system) and only ever grows.
   * Read at every scrape, like a gauge.
   */
  observedCounter<N extends MetricName<'counter'>>(name: N, labels: LabelsOf<N>, read: () => number): void {
    this.#meter.createObservableCounter(name, describe(catalogue[name])).addCallback((result) => {
      result.observe(read(), labels);
    });
  }

  /** The page for Prometheus, text exposition format 0.0.4. */
  text(): Promise<string> {
    return this.#reader.text();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#processMetrics[Symbol.dispose]();
    await this.#provider.shutdown();
  }

  #cellsOf<C>(
    all: Map<string, CellSet<C>>,
    name: keyof Catalogue,
    register: (definition: MetricDefinition, cells: CellSet<C>) => void,
  ): CellSet<C> {
    const found = all.get(name);
    if (found) return found;
    const cells = new CellSet<C>();
    all.set(name, cells);
    register(catalogue[name], cells);
    return cells;
  }
}

function describe(definition: MetricDefinition): {
  description: string;
  unit: string;
  advice: { explicitBucketBoundaries?: number[] };
} {
  return {
    description: definition.doc,
    unit: definition.unit === '1' ? '' : definition.unit,
    advice: definition.buckets ? { explicitBucketBoundaries: [...definition.buckets] } : {},
  };
}

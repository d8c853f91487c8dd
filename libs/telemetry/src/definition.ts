/**
 * How a metric is declared. Names are Prometheus names and are exported as they stand: counters end in `_total`,
 * a name with a unit ends in it (`_bytes`, `_seconds`), base units only.
 * https://prometheus.io/docs/practices/naming/
 */
export interface MetricDefinition {
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly doc: string;
  /** UCUM code as OpenTelemetry wants it: `By`, `s`, `1`, or an annotation such as `{envelope}`. */
  readonly unit: string;
  /** Label names. Their values must come from a small fixed set: never a topic, a client id or an error text. */
  readonly labels: readonly string[];
  /** Upper bounds of the buckets, in `unit`; histograms only. */
  readonly buckets?: readonly number[];
}

interface Options<L extends readonly string[]> {
  readonly unit?: string;
  readonly labels?: L;
}

/** A definition that remembers its kind and labels, so that names and labels are checked by the compiler. */
export interface Definition<
  K extends MetricDefinition['kind'],
  L extends readonly string[],
> extends MetricDefinition {
  readonly kind: K;
  readonly labels: L;
}

/** Only grows; a restart of the process sets it back to 0. */
export function counter<const L extends readonly string[] = readonly []>(
  doc: string,
  options: Options<L> = {},
): Definition<'counter', L> {
  return { kind: 'counter', doc, unit: options.unit ?? '1', labels: labelsOf(options) };
}

/** A value that is read when somebody asks for it. */
export function gauge<const L extends readonly string[] = readonly []>(
  doc: string,
  options: Options<L> = {},
): Definition<'gauge', L> {
  return { kind: 'gauge', doc, unit: options.unit ?? '1', labels: labelsOf(options) };
}

/** A distribution. Recording costs about a microsecond: once per batch, not once per message. */
export function histogram<const L extends readonly string[] = readonly []>(
  doc: string,
  options: Options<L> & { readonly buckets: readonly number[] },
): Definition<'histogram', L> {
  return {
    kind: 'histogram',
    doc,
    unit: options.unit ?? '1',
    labels: labelsOf(options),
    buckets: options.buckets,
  };
}

/** Latencies from half a millisecond to a minute. */
export const durationBuckets: readonly number[] = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
];

// The default of L is the empty list, which is what an absent `labels` means; TypeScript cannot tie the two.
function labelsOf<L extends readonly string[]>(options: Options<L>): L {
  return (options.labels ?? []) as readonly string[] as L;
}

export { catalogue, catalogueSections } from './catalogue.ts';
export type { Catalogue, LabelsOf, MetricName } from './catalogue.ts';
export { Counter } from './cells.ts';
export type { Histogram } from './cells.ts';
export type { MetricDefinition } from './definition.ts';
export { Metrics } from './metrics.ts';
export type { MetricsResource } from './metrics.ts';
export { renderMetricsReference } from './reference.ts';

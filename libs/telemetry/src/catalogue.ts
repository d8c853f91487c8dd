import { controlPlaneMetrics } from './catalogue/control-plane.ts';
import { ingressMetrics } from './catalogue/ingress.ts';
import { kafkaEgressMetrics } from './catalogue/kafka-egress.ts';
import { sessionStateMetrics } from './catalogue/session-state.ts';
import { sharedMetrics } from './catalogue/shared.ts';
import { topicMapperMetrics } from './catalogue/topic-mapper.ts';
import type { MetricDefinition } from './definition.ts';

/** The sections of the catalogue, in the order the reference prints them. A new metric goes into its section's file. */
export const catalogueSections = {
  'mqtt-ingress': ingressMetrics,
  'session-state': sessionStateMetrics,
  'topic-mapper': topicMapperMetrics,
  'kafka-egress': kafkaEgressMetrics,
  'control-plane': controlPlaneMetrics,
  'every service': sharedMetrics,
} satisfies Record<string, Record<string, MetricDefinition>>;

/** Every metric of Tributary. `docs/metrics.md` is generated from it, and no metric exists outside it. */
export const catalogue = {
  ...ingressMetrics,
  ...sessionStateMetrics,
  ...topicMapperMetrics,
  ...kafkaEgressMetrics,
  ...controlPlaneMetrics,
  ...sharedMetrics,
};

export type Catalogue = typeof catalogue;

/** The names of one kind. */
export type MetricName<K extends MetricDefinition['kind']> = {
  [N in keyof Catalogue]: Catalogue[N]['kind'] extends K ? N : never;
}[keyof Catalogue];

/** The labels a metric must be given, each with a string value. */
export type LabelsOf<N extends keyof Catalogue> = { readonly [L in Catalogue[N]['labels'][number]]: string };

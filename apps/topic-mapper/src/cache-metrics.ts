import { setTimeout as sleep } from 'node:timers/promises';
import type { CacheStatistics, Pipeline } from '@tributary/mapping';
import type { Metrics } from '@tributary/telemetry';
import type { ActiveMapping } from './mapping/active-mapping.ts';

const EVERY_MS = 1_000;

/**
 * Tells of the topic caches, one for each cluster. A new mapping version starts with empty caches, but counters only
 * grow: so it adds what is new since the last look. Runs until the signal aborts.
 */
export async function reportCaches(
  metrics: Metrics,
  active: ActiveMapping,
  signal: AbortSignal,
): Promise<void> {
  const seen = new WeakMap<Pipeline, CacheStatistics>();
  const clusters = new Set<string>();
  while (!signal.aborted) {
    const { current } = active;
    for (const cluster of current?.clusters ?? []) {
      if (!clusters.has(cluster)) {
        clusters.add(cluster);
        const bytes = (): number | undefined => active.current?.plan(cluster)?.pipeline.cache.bytes;
        metrics.gauge('tributary_mapper_topic_cache_bytes', { cluster }, bytes);
      }
      const pipeline = current?.plan(cluster)?.pipeline;
      if (!pipeline) continue;
      const before = seen.get(pipeline);
      const { cache } = pipeline;
      seen.set(pipeline, cache);
      metrics
        .counter('tributary_mapper_topic_cache_hits_total', { cluster })
        .add(cache.hits - (before?.hits ?? 0));
      metrics
        .counter('tributary_mapper_topic_cache_misses_total', { cluster })
        .add(cache.misses - (before?.misses ?? 0));
    }
    await sleep(EVERY_MS, undefined, { signal }).catch(() => {});
  }
}

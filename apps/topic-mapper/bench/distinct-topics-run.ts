import { streamNames } from '@tributary/contracts';
import type { Proc } from '@tributary/testing';
import { startFixture } from '../test/mapper-fixture.ts';
import { covered } from '../test/out-reading.ts';
import { fillLog } from './log-filler.ts';
import { fleetMapping } from './mapping-text.ts';
import { residentBytes } from './process-usage.ts';

export interface Sample {
  readonly topics: number;
  readonly rssBytes: number;
  readonly cacheBytes: number;
}

/** Feeds rows of which no two have the same topic through log, mapper and OUT, and looks at the mapper's memory. */
export async function feedDistinctTopics(
  options: { topics: number; every: number; cacheBytes: number },
  onSample: (sample: Sample) => void,
): Promise<void> {
  const { topics, every, cacheBytes } = options;
  await using fixture = await startFixture();
  await fixture.apply(fleetMapping);
  const mapper = await fixture.mapper({
    settings: { 'mapper.cacheBytes': cacheBytes, 'lease.ttlMs': 10_000 },
  });
  const chunk = Math.min(every, 250_000);
  for (let done = 0; done < topics;) {
    const base = done;
    await fillLog(fixture.js, 0, chunk, (n) => `fleet/region-${n % 16}/vehicle-${base + n}/position`, 32);
    await covered(fixture, 'main', 300_000);
    // What the egress and the purge do: both streams keep their last message.
    for (const stream of [streamNames.log(1, 0), streamNames.out('main', 1, 0)]) {
      await fixture.manager.streams.purge(stream, { keep: 1 });
    }
    done += chunk;
    if (done % every === 0) {
      onSample({ topics: done, rssBytes: residentBytes(mapper.pid), cacheBytes: await cacheOf(mapper) });
    }
  }
}

/** Bytes of memory per topic, by least squares. */
export function slope(samples: readonly Sample[]): number {
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
  const x = mean(samples.map(({ topics }) => topics));
  const y = mean(samples.map(({ rssBytes }) => rssBytes));
  const covariance = mean(samples.map(({ topics, rssBytes }) => (topics - x) * (rssBytes - y)));
  return covariance / mean(samples.map(({ topics }) => (topics - x) ** 2));
}

async function cacheOf(mapper: Proc): Promise<number> {
  const metrics = await (await mapper.get('/metrics')).text();
  return Number(/^tributary_mapper_topic_cache_bytes\{cluster="main"\} (\S+)/m.exec(metrics)?.[1] ?? 0);
}

// Ten million distinct topics through the log: the mapper's memory must not grow with them.
// node apps/topic-mapper/bench/distinct-topics.ts [topics in millions] [cache in MiB]
import { feedDistinctTopics, slope, type Sample } from './distinct-topics-run.ts';

const millions = Number(process.argv[2] ?? 10);
const cacheMib = Number(process.argv[3] ?? 64);
const samples: Sample[] = [];
const began = performance.now();
await feedDistinctTopics(
  { topics: millions * 1_000_000, every: 1_000_000, cacheBytes: cacheMib * 1024 * 1024 },
  (sample) => {
    samples.push(sample);
    const mb = (bytes: number): string => (bytes / 1e6).toFixed(1);
    const seconds = ((performance.now() - began) / 1_000).toFixed(0);
    console.log(
      `${sample.topics / 1e6} million topics: RSS ${mb(sample.rssBytes)} MB, cache ${mb(sample.cacheBytes)} MB, after ${seconds} s`,
    );
  },
);
// The first million fills the cache and lets V8 find its size.
if (samples.length > 2) {
  console.log(`slope from the second million on: ${slope(samples.slice(1)).toFixed(3)} bytes per topic`);
}

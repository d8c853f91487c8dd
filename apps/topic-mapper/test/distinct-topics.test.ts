import assert from 'node:assert/strict';
import { it } from 'node:test';
import { feedDistinctTopics, slope, type Sample } from '../bench/distinct-topics-run.ts';

it('memory does not grow with the number of distinct topics', async () => {
  const samples: Sample[] = [];
  const cacheBytes = 4 * 1024 * 1024;
  await feedDistinctTopics({ topics: 1_000_000, every: 100_000, cacheBytes }, (sample) =>
    samples.push(sample),
  );
  const settled = samples.slice(3);
  const perTopic = slope(settled);
  const rss = settled.map(({ rssBytes }) => (rssBytes / 1e6).toFixed(0)).join(', ');
  console.log(`RSS from 0.4 to 1.0 million topics: ${rss} MB; slope ${perTopic.toFixed(1)} bytes per topic`);
  // A topic that were remembered would take some 200 bytes and more.
  assert.ok(perTopic < 120, `${perTopic} bytes per topic`);
  assert.ok(settled.every((sample) => sample.cacheBytes <= cacheBytes));
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LatencyHistogram } from '../src/measure/latency-histogram.ts';

test('is empty at first', () => {
  assert.deepEqual(new LatencyHistogram().summary(), { count: 0, p50: 0, p99: 0, p999: 0, max: 0 });
});

test('gives the percentiles of small durations exactly', () => {
  const histogram = new LatencyHistogram();
  for (let us = 1; us <= 200; us++) histogram.record(us);
  assert.equal(histogram.quantileUs(0.5), 100);
  assert.equal(histogram.quantileUs(0.99), 198);
  assert.equal(histogram.quantileUs(0.999), 200);
  assert.equal(histogram.quantileUs(0), 1);
  assert.equal(histogram.quantileUs(1), 200);
  assert.deepEqual(histogram.summary(), { count: 200, p50: 0.1, p99: 0.198, p999: 0.2, max: 0.2 });
});

test('keeps a single outlier out of p99 and in p99.9 of a thousand', () => {
  const histogram = new LatencyHistogram();
  for (let i = 0; i < 998; i++) histogram.record(10);
  histogram.record(1_000_000);
  histogram.record(1_000_000);
  assert.equal(histogram.quantileUs(0.99), 10);
  assert.equal(histogram.quantileUs(0.999), 1_000_000);
});

test('takes what cannot be', () => {
  const histogram = new LatencyHistogram();
  histogram.record(-5);
  histogram.record(0.4);
  histogram.record(1e12);
  assert.equal(histogram.quantileUs(0.5), 0);
  assert.equal(histogram.quantileUs(1), 2 ** 32 - 1);
});

test('is never below the percentile of the sorted durations, and at most 0.8 % above', () => {
  const durations = fc.array(fc.integer({ min: 0, max: 2 ** 32 - 1 }), { minLength: 1, maxLength: 200 });
  const quantiles = fc.constantFrom(0.01, 0.5, 0.9, 0.99, 0.999, 1);
  fc.assert(
    fc.property(durations, fc.integer({ min: 0, max: 24 }), quantiles, (all, shift, quantile) => {
      const scaled = all.map((us) => us >>> shift);
      const histogram = new LatencyHistogram();
      for (const us of scaled) histogram.record(us);
      const sorted = scaled.toSorted((a, b) => a - b);
      const exact = sorted[Math.ceil(quantile * sorted.length) - 1] ?? NaN;
      const found = histogram.quantileUs(quantile);
      assert.ok(found >= exact && found <= exact * (1 + 1 / 128), `${found} for ${exact}`);
    }),
  );
});

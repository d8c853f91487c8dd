import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LatencyHistogram } from '../../src/observe/latency-histogram.ts';
import { Rate } from '../../src/observe/rate.ts';

test('quantiles are exact to two percent', () => {
  const histogram = new LatencyHistogram();
  assert.equal(histogram.quantile(0.5), undefined);
  for (let ms = 1; ms <= 1_000; ms++) histogram.add(ms);
  for (const [q, expected] of [
    [0.001, 1],
    [0.5, 500],
    [0.99, 990],
    [1, 1_000],
  ] as const) {
    const found = histogram.quantile(q) ?? 0;
    assert.ok(Math.abs(found - expected) <= expected * 0.021, `${q}: ${found} instead of ${expected}`);
  }
});

test('durations of any size have a place', () => {
  const histogram = new LatencyHistogram();
  histogram.add(0);
  assert.ok((histogram.quantile(1) ?? 1) <= 0.011);
  histogram.add(3_600_000);
  assert.ok((histogram.quantile(1) ?? 0) >= 3_500_000);
  histogram.add(1e12);
  assert.ok(Number.isFinite(histogram.quantile(1)));
});

test('a rate is that of the last seconds', () => {
  const rate = new Rate();
  assert.equal(rate.of(0, 0), 0);
  assert.equal(rate.of(100, 1_000), 100);
  assert.equal(rate.of(200, 2_000), 100);
  for (let ms = 3_000; ms <= 9_000; ms += 1_000) rate.of(200, ms);
  assert.equal(rate.of(200, 10_000), 0);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Metrics } from '../src/mod.ts';

const resource = { service: 'test', instance: 'test-1', version: '1.2.3' };

/** The samples of the page whose name (without labels) is `name`. */
function samples(page: string, name: string): string[] {
  return page.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
}

test('a counter is exported as 0 from its creation and then with what was added', async () => {
  await using metrics = new Metrics(resource);
  const published = metrics.counter('tributary_ingress_published_total', { qos: '1' });
  assert.deepEqual(samples(await metrics.text(), 'tributary_ingress_published_total'), [
    'tributary_ingress_published_total{qos="1"} 0',
  ]);
  published.add();
  published.add(41);
  const page = await metrics.text();
  assert.deepEqual(samples(page, 'tributary_ingress_published_total'), [
    'tributary_ingress_published_total{qos="1"} 42',
  ]);
  assert.match(page, /# TYPE tributary_ingress_published_total counter/);
  assert.match(page, /# HELP tributary_ingress_published_total PUBLISH packets received from devices\./);
});

test('the same labels give the same cell, in whatever order; other labels another', async () => {
  await using metrics = new Metrics(resource);
  const a = metrics.counter('tributary_mapper_records_total', { cluster: 'main', partition: '3' });
  const b = metrics.counter('tributary_mapper_records_total', { partition: '3', cluster: 'main' });
  const c = metrics.counter('tributary_mapper_records_total', { cluster: 'main', partition: '4' });
  assert.equal(a, b);
  a.add(2);
  c.add(5);
  assert.deepEqual(samples(await metrics.text(), 'tributary_mapper_records_total'), [
    'tributary_mapper_records_total{cluster="main",partition="3"} 2',
    'tributary_mapper_records_total{cluster="main",partition="4"} 5',
  ]);
});

test('a gauge is read at the scrape and gone once disposed of', async () => {
  await using metrics = new Metrics(resource);
  let bytes = 7;
  const gauge = metrics.gauge('tributary_ingress_pending_bytes', {}, () => bytes);
  assert.deepEqual(samples(await metrics.text(), 'tributary_ingress_pending_bytes'), [
    'tributary_ingress_pending_bytes 7',
  ]);
  bytes = 9;
  assert.deepEqual(samples(await metrics.text(), 'tributary_ingress_pending_bytes'), [
    'tributary_ingress_pending_bytes 9',
  ]);
  gauge[Symbol.dispose]();
  assert.deepEqual(samples(await metrics.text(), 'tributary_ingress_pending_bytes'), []);
});

test('a gauge that was replaced does not take its successor away when disposed of', async () => {
  await using metrics = new Metrics(resource);
  const lag = (value: number | undefined) =>
    metrics.gauge('tributary_session_log_lag', { partition: '0' }, () => value);
  const old = lag(1);
  lag(2);
  old[Symbol.dispose]();
  assert.deepEqual(samples(await metrics.text(), 'tributary_session_log_lag'), [
    'tributary_session_log_lag{partition="0"} 2',
  ]);
  lag(undefined);
  assert.deepEqual(samples(await metrics.text(), 'tributary_session_log_lag'), []);
});

test('a gauge that throws leaves the rest of the page and is named on it', async () => {
  await using metrics = new Metrics(resource);
  metrics.counter('tributary_ingress_published_total', { qos: '0' }).add(3);
  metrics.gauge('tributary_ingress_pending_bytes', {}, () => {
    throw new Error('no such queue');
  });
  const page = await metrics.text();
  assert.match(page, /tributary_ingress_published_total\{qos="0"\} 3/);
  assert.match(page, /# a metric could not be read: Error: no such queue/);
});

test('a histogram has the buckets of the catalogue', async () => {
  await using metrics = new Metrics(resource);
  const duration = metrics.histogram('tributary_egress_send_duration_seconds', { cluster: 'main' });
  assert.equal(duration, metrics.histogram('tributary_egress_send_duration_seconds', { cluster: 'main' }));
  duration.record(0.003);
  duration.record(100);
  const page = await metrics.text();
  const buckets = samples(page, 'tributary_egress_send_duration_seconds_bucket');
  assert.equal(buckets.length, 17);
  assert.ok(buckets.includes('tributary_egress_send_duration_seconds_bucket{cluster="main",le="0.0025"} 0'));
  assert.ok(buckets.includes('tributary_egress_send_duration_seconds_bucket{cluster="main",le="0.005"} 1'));
  assert.ok(buckets.includes('tributary_egress_send_duration_seconds_bucket{cluster="main",le="+Inf"} 2'));
  assert.deepEqual(samples(page, 'tributary_egress_send_duration_seconds_count'), [
    'tributary_egress_send_duration_seconds_count{cluster="main"} 2',
  ]);
});

test('the process and its identity are on the page', async () => {
  await using metrics = new Metrics(resource);
  const page = await metrics.text();
  assert.deepEqual(samples(page, 'target_info'), [
    'target_info{service_name="test",service_instance_id="test-1",service_version="1.2.3"} 1',
  ]);
  for (const mode of ['user', 'system']) {
    assert.match(page, new RegExp(`process_cpu_seconds_total\\{mode="${mode}"\\} [0-9.]+`));
  }
  const [resident] = samples(page, 'process_resident_memory_bytes');
  assert.ok(Number(resident?.split(' ')[1]) > 1e7);
  assert.equal(samples(page, 'nodejs_eventloop_utilization_ratio').length, 1);
  assert.equal(samples(page, 'nodejs_eventloop_delay_p99_seconds').length, 1);
});

test('label values cannot break the page', async () => {
  await using metrics = new Metrics(resource);
  metrics.counter('tributary_ingress_dropped_total', { reason: 'a"b\\c\nd' }).add();
  assert.match(await metrics.text(), /tributary_ingress_dropped_total\{reason="a\\"b\\\\c\\nd"\} 1/);
});

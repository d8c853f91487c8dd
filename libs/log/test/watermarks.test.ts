import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { KV } from '@nats-io/kv';
import { buckets, subjects, watermarkKey, type Watermark } from '@tributary/contracts';
import { until } from '@tributary/testing';
import { followWatermarks, openBucket, WatermarkWriter } from '../src/mod.ts';
import { startLog, type LogFixture } from './log-fixture.ts';

const mark = (sequence: number, epoch = 1, incarnation = 'one'): Watermark => ({
  incarnation,
  sequence,
  epoch,
});

const open = (log: LogFixture): Promise<KV> => openBucket(log.js, buckets.watermarks, { replicas: 1 });

function writer(log: LogFixture, kv: KV, repeatMs = 60_000): WatermarkWriter {
  const made = new WatermarkWriter({ nats: log.nats, kv, cluster: 'main', generation: 1, repeatMs });
  made.awaited = true;
  return made;
}

/** The greatest sequence heard, by cluster and partition. */
async function listen(log: LogFixture, kv: KV, generation = 1): Promise<Map<string, number>> {
  const heard = new Map<string, number>();
  await followWatermarks({
    nats: log.nats,
    kv,
    generation,
    onWatermark: (cluster, partition, { sequence }) => {
      const place = `${cluster}/${partition}`;
      heard.set(place, Math.max(heard.get(place) ?? 0, sequence));
    },
  });
  await log.nats.flush();
  return heard;
}

describe('watermarks', () => {
  it('are heard at once, many commits as one, and without the bucket', async () => {
    await using log = await startLog();
    const kv = await open(log);
    const heard = await listen(log, kv);
    let notices = 0;
    log.nats.subscribe(subjects.watermarks('main'), { callback: () => void notices++ });
    using told = writer(log, kv);
    await log.nats.flush();
    const beganAt = performance.now();
    for (let sequence = 1; sequence <= 500; sequence++) told.passed(sequence % 2, mark(sequence));
    await until(() => heard.get('main/0') === 500 && heard.get('main/1') === 499, { intervalMs: 1 });
    assert.ok(performance.now() - beganAt < 500);
    assert.ok(notices <= 3, `${notices} notices`);
    assert.equal(await kv.get(watermarkKey('main', 1, 0)), null);
  });

  it('are repeated in the bucket, where whoever comes later finds them', async () => {
    await using log = await startLog();
    const kv = await open(log);
    using told = writer(log, kv, 50);
    told.passed(1, mark(7, 3));
    await until(async () => (await kv.get(watermarkKey('main', 1, 1))) !== null);
    assert.deepEqual((await kv.get(watermarkKey('main', 1, 1)))?.json(), mark(7, 3));
    assert.equal((await listen(log, kv)).get('main/1'), 7);
    assert.equal((await listen(log, kv, 2)).size, 0, 'another generation of the log');
    // A late owner may put less in its place: not for long.
    await kv.put(watermarkKey('main', 1, 1), JSON.stringify(mark(2, 2)));
    await until(async () => (await kv.get(watermarkKey('main', 1, 1)))?.json<Watermark>().sequence === 7);
  });

  it('heal after a notice that nobody heard', async () => {
    await using log = await startLog();
    const kv = await open(log);
    using told = writer(log, kv, 100);
    told.passed(0, mark(9));
    const heard = await listen(log, kv);
    await until(() => heard.get('main/0') === 9);
  });

  it('never go back for what an owner says itself, but for another log', async () => {
    await using log = await startLog();
    using told = writer(log, await open(log));
    told.passed(0, mark(9));
    told.passed(0, mark(4));
    assert.equal(told.sequence(0), 9);
    told.passed(0, mark(4, 1, 'another'));
    assert.equal(told.sequence(0), 4);
  });

  it('are told only while somebody waits for the cluster, then at once as far as they have come', async () => {
    await using log = await startLog();
    const kv = await open(log);
    const heard = await listen(log, kv);
    using told = writer(log, kv, 50);
    told.awaited = false;
    told.passed(0, mark(3));
    await new Promise((resolve) => setTimeout(resolve, 150));
    assert.equal(heard.size, 0);
    assert.equal(await kv.get(watermarkKey('main', 1, 0)), null);
    told.awaited = true;
    await until(() => heard.get('main/0') === 3);
  });

  it('of a partition given away are put once more and not repeated', async () => {
    await using log = await startLog();
    const kv = await open(log);
    using told = writer(log, kv, 50);
    told.passed(0, mark(3));
    told.release(0);
    await until(async () => (await kv.get(watermarkKey('main', 1, 0)))?.json<Watermark>().sequence === 3);
    await kv.put(watermarkKey('main', 1, 0), JSON.stringify(mark(8, 2)));
    await new Promise((resolve) => setTimeout(resolve, 150));
    assert.equal((await kv.get(watermarkKey('main', 1, 0)))?.json<Watermark>().sequence, 8);
  });
});

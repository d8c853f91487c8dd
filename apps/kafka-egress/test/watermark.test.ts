import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { KV } from '@nats-io/kv';
import { buckets, watermarkKey, type Watermark } from '@tributary/contracts';
import { followWatermarks, openBucket } from '@tributary/log';
import { uniqueName, until } from '@tributary/testing';
import { CLUSTER, EgressRig } from './fixture/egress-rig.ts';
import { countRecords, createTopic } from './fixture/kafka-topics.ts';

/** What is heard of partition 0, and its bucket. */
async function listen(rig: EgressRig): Promise<{ kv: KV; marks: Watermark[]; last: () => number }> {
  const { nats, js } = rig.platform;
  const kv = await openBucket(js, buckets.watermarks, { replicas: 1 });
  const marks: Watermark[] = [];
  await followWatermarks({
    nats,
    kv,
    generation: 1,
    onWatermark: (cluster, partition, mark) => {
      assert.deepEqual([cluster, partition], [CLUSTER, 0]);
      marks.push(mark);
    },
  });
  return { kv, marks, last: () => marks.at(-1)?.sequence ?? 0 };
}

describe('the watermark of a cluster that acknowledgements wait for', () => {
  it('passes records, progress without any, dead letters and whole batches, each promptly', async () => {
    const topic = uniqueName('watermark');
    await using rig = await EgressRig.start({ topic });
    await createTopic(rig.brokers, topic, 1, { 'max.message.bytes': '20000' });
    await rig.apply('', undefined, topic, 'kafka');
    const { marks, last } = await listen(rig);
    await using _egress = await rig.egress({ 'egress.idleCommitMs': 10_000 });
    const feeder = await rig.feeder();
    const fed = (value: string) => ({ topic, key: 'k', value });

    await feeder.feed([fed('one')]);
    await until(() => last() === 1, { timeoutMs: 20_000 });
    assert.equal(await countRecords(rig.brokers, topic), 1, 'Kafka has what the watermark has passed');

    const beganAt = performance.now();
    await feeder.feed([]);
    await until(() => last() === 2, { intervalMs: 5 });
    assert.ok(performance.now() - beganAt < 1_000, 'long before its position is committed');

    await feeder.feed([fed('x'.repeat(30_000))]);
    await until(() => last() === 3, { timeoutMs: 20_000 });
    assert.equal((await rig.deadLetters()).length, 1);

    await feeder.feed([fed('first part'), fed('second part')], 2);
    await until(() => last() === 4);
    assert.equal(await countRecords(rig.brokers, topic), 3);
    assert.ok(marks.every(({ incarnation }) => incarnation === feeder.incarnation));
    assert.ok(marks.every(({ epoch }) => epoch > 0));
  });

  it('is told by the next owner as the last one left it, without anything new', async () => {
    const topic = uniqueName('watermark');
    await using rig = await EgressRig.start({ topic });
    await createTopic(rig.brokers, topic, 1);
    await rig.apply('', undefined, topic, 'kafka');
    const { kv, last } = await listen(rig);
    const egress = await rig.egress();
    const feeder = await rig.feeder();
    for (let n = 0; n < 3; n++) await feeder.feed([{ topic, key: 'k', value: String(n) }]);
    await until(() => last() === 3, { timeoutMs: 20_000 });
    await until(async () => (await kv.get(watermarkKey(CLUSTER, 1, 0)))?.json<Watermark>().sequence === 3);
    await egress.stop();
    await kv.put(watermarkKey(CLUSTER, 1, 0), JSON.stringify({ incarnation: '', sequence: 0, epoch: 0 }));
    await until(() => last() === 0);
    await egress.start();
    await until(() => last() === 3, { timeoutMs: 20_000 });
    await until(async () => (await kv.get(watermarkKey(CLUSTER, 1, 0)))?.json<Watermark>().sequence === 3);
  });

  it('is not told while no route waits, and at once when a mapping has one', async () => {
    const topic = uniqueName('watermark');
    await using rig = await EgressRig.start({ topic });
    await createTopic(rig.brokers, topic, 1);
    const { marks, last } = await listen(rig);
    await using _egress = await rig.egress();
    const feeder = await rig.feeder();
    await feeder.feed([{ topic, key: 'k', value: 'x' }]);
    await until(async () => (await countRecords(rig.brokers, topic)) === 1, { timeoutMs: 20_000 });
    await delay(1_500);
    assert.deepEqual(marks, []);
    await rig.apply('', undefined, topic, 'kafka');
    await until(() => last() === 1);
  });
});

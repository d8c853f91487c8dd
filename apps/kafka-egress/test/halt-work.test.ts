import assert from 'node:assert/strict';
import { afterEach } from 'node:test';
import { uniqueName } from '@tributary/testing';
import { EgressRig } from './fixture/egress-rig.ts';
import { counted, delivered, halted } from './fixture/halted.ts';
import { createTopic, deleteTopic } from './fixture/kafka-topics.ts';
import { openPlatform, OutFeeder } from './fixture/out-feeder.ts';
import { countedTest } from './fixture/read-committed.ts';

let rig: EgressRig;

afterEach(async () => {
  await rig[Symbol.asyncDispose]();
});

/** Both deliveries keep the same positions, so they stop for the same reasons. */
for (const delivery of ['at-least-once', 'exactly-once']) {
  const cluster = `delivery: ${delivery}`;
  const platformatic = { 'egress.driver': 'platformatic' };
  countedTest(
    `${delivery}: a log that was created anew halts, and so does one with other partitions`,
    async () => {
      rig = await EgressRig.start({ cluster });
      const topic = uniqueName('log');
      await createTopic(rig.brokers, topic, 1);
      const egress = await rig.egress(platformatic);
      await rig.feedNumbered(await rig.feeder(), { topic, keys: 1, messages: 3, rows: 1 });
      await delivered(rig, topic, 3);
      await egress.stop();
      await assert.rejects(rig.egress({ ...platformatic, 'log.partitions': 2 }, {}, 'endpoints'));

      const { manager, nats } = rig.platform;
      await manager.streams.delete('TRIB_LOG_1_0');
      await manager.streams.delete('TRIB_OUT_main_1_0');
      const anew = await openPlatform(nats, { generation: 1, partitions: 1 });
      const feeder = await OutFeeder.open(anew, 'main', 0);
      await rig.feedNumbered(feeder, { topic, keys: 1, messages: 5, rows: 1, prefix: 'anew' });
      const again = await rig.egress(platformatic, {}, 'endpoints');
      await halted(again, /position of main, partition 0 in Kafka is of log \w+, but this is \w+/);
      assert.equal(await counted(rig.brokers, topic), 3);
    },
  );

  countedTest(`${delivery}: messages of OUT that are gone uncommitted halt`, async () => {
    rig = await EgressRig.start({ cluster });
    const topic = uniqueName('gap');
    await createTopic(rig.brokers, topic, 1);
    const feeder = await rig.feeder();
    const egress = await rig.egress(platformatic);
    await rig.feedNumbered(feeder, { topic, keys: 1, messages: 3, rows: 1 });
    await delivered(rig, topic, 3);
    await egress.stop();
    await rig.feedNumbered(feeder, { topic, keys: 1, messages: 5, rows: 1 });
    await rig.platform.manager.streams.purge('TRIB_OUT_main_1_0', { seq: 7 });
    const again = await rig.egress(platformatic, {}, 'endpoints');
    await halted(again, /up to log sequence 3, part 1, but OUT begins at log sequence 7/);
    assert.equal(await counted(rig.brokers, topic), 3);
  });
}

countedTest(
  'exactly-once: a positions topic that is deleted at work halts, and nothing is sent again',
  async () => {
    rig = await EgressRig.start({ cluster: 'delivery: exactly-once' });
    const topic = uniqueName('deleted');
    await createTopic(rig.brokers, topic, 1);
    const feeder = await rig.feeder();
    const egress = await rig.egress({ 'egress.driver': 'platformatic' }, {}, 'endpoints');
    await rig.feedNumbered(feeder, { topic, keys: 1, messages: 3, rows: 1 });
    await delivered(rig, topic, 3);
    await deleteTopic(rig.brokers, rig.positionsTopic);
    await rig.feedNumbered(feeder, { topic, keys: 1, messages: 2, rows: 1 });
    await halted(egress, /lost the position of this partition while it was at work/);
    assert.equal(await counted(rig.brokers, topic), 3);
  },
);

import assert from 'node:assert/strict';
import { afterEach } from 'node:test';
import { subjects } from '@tributary/contracts';
import { uniqueName, until } from '@tributary/testing';
import { EgressRig } from './fixture/egress-rig.ts';
import { counted, delivered, halted } from './fixture/halted.ts';
import { createTopic } from './fixture/kafka-topics.ts';
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
    `${delivery}: OUT that was created anew halts its partition and no other; told to restart, it goes on`,
    async () => {
      rig = await EgressRig.start({ cluster, partitions: 2 });
      const topic = uniqueName('anew');
      await createTopic(rig.brokers, topic, 1);
      const egress = await rig.egress(platformatic);
      const other = await rig.feeder(1);
      await rig.feedNumbered(await rig.feeder(), { topic, keys: 1, messages: 3, rows: 1 });
      await delivered(rig, topic, 3);
      await egress.stop();

      await rig.platform.manager.streams.delete('TRIB_OUT_main_1_0');
      const feeder = await rig.feeder();
      await rig.feedNumbered(feeder, { topic, keys: 1, messages: 5, rows: 1, prefix: 'anew' });
      await other.feed([{ topic, key: 'other', value: '0' }]);
      const again = await rig.egress(platformatic, {}, 'endpoints');
      await halted(again, /position of main, partition 0 in Kafka is of OUT stream \w+, but this is \w+/);
      await until(async () => (await counted(rig.brokers, topic)) === 4, { what: 'partition 1 goes on' });
      await again.stop();

      await rig.egress({ ...platformatic, 'egress.unknownPosition': 'restart' });
      await delivered(rig, topic, 9);
    },
  );

  countedTest(
    `${delivery}: a positions topic that is gone halts; so does OUT that lost its end`,
    async () => {
      rig = await EgressRig.start({ cluster });
      const topic = uniqueName('lost');
      await createTopic(rig.brokers, topic, 1);
      const feeder = await rig.feeder();
      const egress = await rig.egress(platformatic);
      await rig.feedNumbered(feeder, { topic, keys: 1, messages: 3, rows: 1 });
      await delivered(rig, topic, 3);
      await egress.stop();
      const elsewhere = await rig.egress(
        { ...platformatic, 'egress.positionsTopic': uniqueName('other') },
        {},
        'endpoints',
      );
      await halted(elsewhere, /holds no position for main, partition 0, but OUT was trimmed/);
      await elsewhere.stop();

      // The last message of OUT says something older than what Kafka has.
      const { js } = rig.platform;
      const { headers } = await import('@nats-io/transport-node');
      const older = headers();
      const position = {
        'Trib-Log': feeder.incarnation,
        'Trib-Range': '1-1',
        'Trib-Part': '1/1',
        'Trib-Mapping': '1',
      };
      for (const [name, value] of Object.entries({ ...position, 'Trib-Epoch': '1' })) older.set(name, value);
      await js.publish(subjects.out('main', 1, 0), new Uint8Array(), { headers: older });
      const again = await rig.egress(platformatic, {}, 'endpoints');
      await halted(again, /Kafka has main, partition 0 up to log sequence 3.*OUT lost its end/);
    },
  );

  countedTest(`${delivery}: a damaged message of OUT halts behind what came before it`, async () => {
    rig = await EgressRig.start({ cluster });
    const topic = uniqueName('damaged');
    await createTopic(rig.brokers, topic, 1);
    const feeder = await rig.feeder();
    await rig.feedNumbered(feeder, { topic, keys: 1, messages: 3, rows: 1 });
    const position = {
      incarnation: feeder.incarnation,
      from: 4,
      sequence: 4,
      part: 1,
      parts: 1,
      mapping: 1,
      epoch: 1,
    };
    await feeder.writer.write(position, Buffer.from('no record batch, whatever it may look like'));
    const egress = await rig.egress(platformatic, {}, 'endpoints');
    await halted(egress, /message 4 of OUT cannot be read/);
    assert.equal(await counted(rig.brokers, topic), 3);
  });
}

countedTest('a variable that is missing is a finding of its cluster alone', async () => {
  rig = await EgressRig.start({ cluster: 'required: false\n' });
  const egress = await rig.egress({}, { KAFKA_BROKERS: '' }, 'endpoints');
  const told = await until(async () => {
    const text = await (await egress.get('/readyz')).text();
    return text.includes('KAFKA_BROKERS') && text;
  });
  assert.match(told, /KAFKA_BROKERS is not set; the mapping uses it for the cluster \\"main\\"/);
});

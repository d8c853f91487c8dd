import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { subjects } from '@tributary/contracts';
import { uniqueName, until, type Proc } from '@tributary/testing';
import { EgressRig } from './fixture/egress-rig.ts';
import { createTopic, deleteTopic } from './fixture/kafka-topics.ts';
import { openPlatform, OutFeeder } from './fixture/out-feeder.ts';
import { readCommitted } from './fixture/read-committed.ts';

let rig: EgressRig;

afterEach(async () => {
  await rig[Symbol.asyncDispose]();
});

async function halted(egress: Proc, pattern: RegExp): Promise<void> {
  const told = await until(async () => {
    const response = await egress.get('/readyz');
    const text = await response.text();
    return response.status === 503 && pattern.test(text) && text;
  });
  assert.match(told, pattern);
  const metrics = await (await egress.get('/metrics')).text();
  assert.match(metrics, /tributary_partition_halted\{cluster="main",partition="0"\} 1/);
}

async function delivered(topic: string, records: number): Promise<void> {
  await until(async () => (await counted(rig.brokers, topic)) === records, { timeoutMs: 30_000 });
  await until(async () => (await rig.outState()).first_seq > 1, { what: 'OUT is trimmed' });
}

/** End offsets would count the ends of transactions too. */
async function counted(brokers: string[], topic: string): Promise<number> {
  return (await readCommitted(brokers, topic)).length;
}

/** Both deliveries keep the same positions, so they stop for the same reasons. */
for (const delivery of ['at-least-once', 'exactly-once']) {
  const cluster = `delivery: ${delivery}`;
  const platformatic = { 'egress.driver': 'platformatic' };
  test(`${delivery}: OUT that was created anew halts its partition and no other; told to restart, it goes on`, async () => {
    rig = await EgressRig.start({ cluster, partitions: 2 });
    const topic = uniqueName('anew');
    await createTopic(rig.brokers, topic, 1);
    const egress = await rig.egress(platformatic);
    const other = await rig.feeder(1);
    await rig.feedNumbered(await rig.feeder(), { topic, keys: 1, messages: 3, rows: 1 });
    await delivered(topic, 3);
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
    await delivered(topic, 9);
  });

  test(`${delivery}: a positions topic that is gone halts; so does OUT that lost its end`, async () => {
    rig = await EgressRig.start({ cluster });
    const topic = uniqueName('lost');
    await createTopic(rig.brokers, topic, 1);
    const feeder = await rig.feeder();
    const egress = await rig.egress(platformatic);
    await rig.feedNumbered(feeder, { topic, keys: 1, messages: 3, rows: 1 });
    await delivered(topic, 3);
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
  });

  test(`${delivery}: a damaged message of OUT halts behind what came before it`, async () => {
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

  test(`${delivery}: a log that was created anew halts, and so does one with other partitions`, async () => {
    rig = await EgressRig.start({ cluster });
    const topic = uniqueName('log');
    await createTopic(rig.brokers, topic, 1);
    const egress = await rig.egress(platformatic);
    await rig.feedNumbered(await rig.feeder(), { topic, keys: 1, messages: 3, rows: 1 });
    await delivered(topic, 3);
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
  });

  test(`${delivery}: messages of OUT that are gone uncommitted halt`, async () => {
    rig = await EgressRig.start({ cluster });
    const topic = uniqueName('gap');
    await createTopic(rig.brokers, topic, 1);
    const feeder = await rig.feeder();
    const egress = await rig.egress(platformatic);
    await rig.feedNumbered(feeder, { topic, keys: 1, messages: 3, rows: 1 });
    await delivered(topic, 3);
    await egress.stop();
    await rig.feedNumbered(feeder, { topic, keys: 1, messages: 5, rows: 1 });
    await rig.platform.manager.streams.purge('TRIB_OUT_main_1_0', { seq: 7 });
    const again = await rig.egress(platformatic, {}, 'endpoints');
    await halted(again, /up to log sequence 3, part 1, but OUT begins at log sequence 7/);
    assert.equal(await counted(rig.brokers, topic), 3);
  });
}

test('exactly-once: a positions topic that is deleted at work halts, and nothing is sent again', async () => {
  rig = await EgressRig.start({ cluster: 'delivery: exactly-once' });
  const topic = uniqueName('deleted');
  await createTopic(rig.brokers, topic, 1);
  const feeder = await rig.feeder();
  const egress = await rig.egress({ 'egress.driver': 'platformatic' }, {}, 'endpoints');
  await rig.feedNumbered(feeder, { topic, keys: 1, messages: 3, rows: 1 });
  await delivered(topic, 3);
  await deleteTopic(rig.brokers, rig.positionsTopic);
  await rig.feedNumbered(feeder, { topic, keys: 1, messages: 2, rows: 1 });
  await halted(egress, /lost the position of this partition while it was at work/);
  assert.equal(await counted(rig.brokers, topic), 3);
});

test('a variable that is missing is a finding of its cluster alone', async () => {
  rig = await EgressRig.start({ cluster: 'required: false\n' });
  const egress = await rig.egress({}, { KAFKA_BROKERS: '' }, 'endpoints');
  const told = await until(async () => {
    const text = await (await egress.get('/readyz')).text();
    return text.includes('KAFKA_BROKERS') && text;
  });
  assert.match(told, /KAFKA_BROKERS is not set; the mapping uses it for the cluster \\"main\\"/);
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { jetstream } from '@nats-io/jetstream';
import { buckets, partitionOf, subjects, type CommitRule, type NodeAnswer } from '@tributary/contracts';
import { ensureLog, MappingVersions, openBucket, WatermarkWriter } from '@tributary/log';
import { ReasonCode } from '@tributary/mqtt';
import { until } from '@tributary/testing';
import { metric, Platform } from '../platform.ts';
import { publishPacket, RawClient } from '../raw-client.ts';

const MAIN: CommitRule = { filter: 'k/#', cluster: 'main' };

/** A platform whose Kafka clusters are as far as the test says, in the words of kafka-egress. */
class Setting implements AsyncDisposable {
  readonly platform: Platform;
  readonly versions: MappingVersions;
  readonly #writers: Map<string, WatermarkWriter>;
  readonly #incarnations: string[];

  private constructor(
    platform: Platform,
    versions: MappingVersions,
    writers: Map<string, WatermarkWriter>,
    incarnations: string[],
  ) {
    this.platform = platform;
    this.versions = versions;
    this.#writers = writers;
    this.#incarnations = incarnations;
  }

  static async start(rules: readonly CommitRule[] = [MAIN]): Promise<Setting> {
    const platform = await Platform.start();
    const js = jetstream(platform.nats);
    const versions = new MappingVersions(await openBucket(js, buckets.config, { replicas: 1 }));
    const kv = await openBucket(js, buckets.watermarks, { replicas: 1 });
    const shape = { generation: 1, partitions: platform.partitions };
    const log = await ensureLog(platform.manager, shape, { maxBytes: 512 * 1024 * 1024, replicas: 1 });
    const writers = ['main', 'archive'].map((cluster) => {
      const writer = new WatermarkWriter({ nats: platform.nats, kv, cluster, generation: 1 });
      writer.awaited = true;
      return [cluster, writer] as const;
    });
    const incarnations = log.streams.map(({ incarnation }) => incarnation);
    const setting = new Setting(platform, versions, new Map(writers), incarnations);
    await setting.activate(rules);
    return setting;
  }

  async activate(rules: readonly CommitRule[]): Promise<void> {
    const active = await this.versions.active();
    await this.versions.activate(active.version + 1, active, rules);
  }

  /** The cluster has everything of a client's partition. */
  async commit(cluster = 'main', clientId = 'raw'): Promise<void> {
    const partition = partitionOf(clientId, this.platform.partitions);
    const { state } = await this.platform.manager.streams.info(`TRIB_LOG_1_${partition}`);
    const mark = { incarnation: this.#incarnations[partition] ?? '', sequence: state.last_seq, epoch: 1 };
    this.#writers.get(cluster)?.passed(partition, mark);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const writer of this.#writers.values()) writer[Symbol.dispose]();
    await this.platform[Symbol.asyncDispose]();
  }
}

/** Nothing but the answers that are named has come. */
function ids(client: RawClient): (number | undefined)[] {
  return client.received.map((packet) => packet.messageId);
}

async function stored(platform: Platform, rows: number): Promise<void> {
  await until(async () => (await platform.rows()).length >= rows, { what: `${rows} rows in the log` });
  await delay(30);
}

describe('a route with ack: kafka', () => {
  for (const version of [3, 4, 5] as const) {
    it(`holds back PUBACK and PUBREC until Kafka has the message (protocol ${version})`, async () => {
      await using setting = await Setting.start();
      const node = await setting.platform.node();
      using client = await RawClient.connect(node, { protocolVersion: version });
      client.publish('k/a', 'one', 1, 1);
      client.publish('k/a', 'two', 2, 2);
      await stored(setting.platform, 2);
      assert.deepEqual(ids(client), []);
      assert.equal(await metric(node, 'tributary_ingress_commits_waiting'), 2);
      await setting.commit();
      assert.equal((await client.take('puback')).messageId, 1);
      assert.equal((await client.take('pubrec')).messageId, 2);
      client.send({ cmd: 'pubrel', messageId: 2 });
      assert.equal((await client.take('pubcomp')).messageId, 2, 'PUBCOMP waits for the log only');
      assert.equal(await metric(node, 'tributary_ingress_commits_waiting'), 0);
      assert.equal(await metric(node, 'tributary_ingress_commit_released_total', 'committed'), 2);
    });
  }

  it('keeps the order: what comes later of the same client waits behind it, of another client not', async () => {
    await using setting = await Setting.start();
    const node = await setting.platform.node();
    using client = await RawClient.connect(node, { protocolVersion: 5 });
    using other = await RawClient.connect(node, { protocolVersion: 5, clientId: 'other' });
    client.publish('k/a', 'waits', 1, 1);
    client.sendAll([
      publishPacket('log/only', 'behind it', 1, 2),
      publishPacket('$SYS/x', 'refused, and behind it too', 1, 3),
    ]);
    other.publish('log/only', 'at once', 1, 9);
    assert.equal((await other.take('puback')).messageId, 9);
    await stored(setting.platform, 3);
    assert.deepEqual(ids(client), []);
    await setting.commit();
    await until(() => client.received.length === 3);
    assert.deepEqual(ids(client), [1, 2, 3]);
  });

  it('waits for every cluster that a matching route names', async () => {
    await using setting = await Setting.start([MAIN, { filter: 'k/+', cluster: 'archive' }]);
    const node = await setting.platform.node();
    using client = await RawClient.connect(node);
    client.publish('k/a', 'both', 1, 1);
    await stored(setting.platform, 1);
    await setting.commit('main');
    await delay(100);
    assert.deepEqual(ids(client), []);
    await setting.commit('archive');
    assert.equal((await client.take('puback')).messageId, 1);
  });

  it('lets go of what waits when its rule goes; new rules hold for what comes then', async () => {
    await using setting = await Setting.start();
    const node = await setting.platform.node();
    using client = await RawClient.connect(node);
    client.publish('k/a', 'released', 1, 1);
    await stored(setting.platform, 1);
    assert.deepEqual(ids(client), []);
    await setting.activate([{ filter: 'n', cluster: 'archive' }]);
    assert.equal((await client.take('puback')).messageId, 1);
    assert.equal(await metric(node, 'tributary_ingress_commit_released_total', 'rule-gone'), 1);
    client.publish('n', 'waits', 1, 2);
    await stored(setting.platform, 2);
    assert.deepEqual(ids(client), []);
    await setting.commit('archive');
    assert.equal((await client.take('puback')).messageId, 2);
  });

  it('that is announced holds already, and the node says so; withdrawn, it lets go', async () => {
    await using setting = await Setting.start([]);
    const node = await setting.platform.node({ 'service.instance': 'node-a' });
    using client = await RawClient.connect(node);
    const active = await setting.versions.active();
    const announced = await setting.versions.announce([MAIN], active);
    const ask = async (revision: number): Promise<boolean> => {
      const command = JSON.stringify({ type: 'rules', revision });
      return (
        await setting.platform.nats.request(subjects.nodeCommands('node-a'), command)
      ).json<NodeAnswer>().ok;
    };
    await until(() => ask(announced.revision));
    assert.equal(await ask(announced.revision + 1), false);
    client.publish('k/a', 'waits', 1, 1);
    await stored(setting.platform, 1);
    assert.deepEqual(ids(client), []);
    await setting.versions.activate(active.version, announced, active.rules);
    assert.equal((await client.take('puback')).messageId, 1);
  });

  it('is known to a node from its first connection on', async () => {
    await using setting = await Setting.start();
    await setting.commit();
    await delay(1_200);
    const node = await setting.platform.node();
    using client = await RawClient.connect(node);
    client.publish('k/a', 'waits', 1, 1);
    await stored(setting.platform, 1);
    assert.deepEqual(ids(client), []);
  });

  it('past its time tells MQTT 5 that it need not send again, and goes on', async () => {
    await using setting = await Setting.start();
    const node = await setting.platform.node({ 'ack.kafkaTimeoutMs': 300 });
    using client = await RawClient.connect(node, { protocolVersion: 5 });
    const beganAt = performance.now();
    client.publish('k/a', 'one', 1, 1);
    client.publish('k/a', 'two', 2, 2);
    client.publish('log/only', 'three', 1, 3);
    const first = await client.take('puback');
    assert.ok(performance.now() - beganAt >= 299);
    assert.deepEqual([first.messageId, first.reasonCode], [1, ReasonCode.QUOTA_EXCEEDED]);
    const second = await client.take('pubrec');
    assert.deepEqual([second.messageId, second.reasonCode], [2, ReasonCode.QUOTA_EXCEEDED]);
    const third = await client.take('puback');
    assert.deepEqual([third.messageId, third.reasonCode ?? 0], [3, 0]);
    assert.equal(await metric(node, 'tributary_ingress_commit_timeouts_total'), 2);
    // The failed PUBREC has ended its flow: the packet id is a new message's [MQTT-4.3.3-9].
    client.publish('log/only', 'four', 2, 2);
    assert.equal((await client.take('pubrec')).reasonCode ?? 0, 0);
    assert.equal((await setting.platform.rows()).length, 4);
  });

  it('past its time closes an MQTT 3.1.1 connection without an acknowledgement', async () => {
    await using setting = await Setting.start();
    const node = await setting.platform.node({ 'ack.kafkaTimeoutMs': 300 });
    using client = await RawClient.connect(node);
    client.publish('k/a', 'one', 1, 1);
    client.publish('log/only', 'two', 1, 2);
    await client.untilClosed();
    assert.deepEqual(ids(client), []);
    assert.equal(await metric(node, 'tributary_ingress_commits_waiting'), 0);
    // The record of its session is gone at once: it gets in again without waiting for Kafka.
    using again = await RawClient.connect(node);
    assert.equal(again.closed, false);
  });

  it('leaves a takeover and a shutdown not waiting for Kafka', async () => {
    await using setting = await Setting.start();
    const node = await setting.platform.node();
    using client = await RawClient.connect(node, { protocolVersion: 5 });
    client.publish('k/a', 'waits', 1, 1);
    await stored(setting.platform, 1);
    using successor = await RawClient.connect(node, { protocolVersion: 5 });
    await client.untilClosed();
    assert.deepEqual(
      client.received.map(({ cmd }) => cmd),
      ['disconnect'],
    );
    successor.publish('k/a', 'again', 1, 1, { dup: true });
    await stored(setting.platform, 2);
    assert.equal(await metric(node, 'tributary_ingress_commits_waiting'), 1);
    const beganAt = performance.now();
    await node.stop();
    assert.ok(performance.now() - beganAt < 5_000);
    assert.ok(!successor.received.some(({ cmd }) => cmd === 'puback'));
  });

  it('stops reading who has too much waiting, and only them', async () => {
    await using setting = await Setting.start();
    const node = await setting.platform.node({ 'limits.unacknowledged': 20, 'ack.maxWaiting': 50 });
    const clients = await Promise.all(
      [1, 2, 3, 4].map((n) => RawClient.connect(node, { clientId: `many-${n}` })),
    );
    using sockets = new DisposableStack();
    for (const client of clients) {
      sockets.use(client);
      for (let id = 1; id <= 200; id++) client.publish('k/a', `${id}`.padEnd(20_000), 1, id);
    }
    const waiting = () => metric(node, 'tributary_ingress_commits_waiting');
    await until(async () => (await metric(node, 'tributary_ingress_paused_sockets')) === 4);
    await delay(200);
    const held = await waiting();
    assert.ok(held >= 50 && held < 400, `${held} wait`);
    using other = await RawClient.connect(node, { clientId: 'other' });
    other.publish('log/only', 'at once', 1, 9);
    await other.take('puback');
    await until(async () => {
      for (let n = 1; n <= 4; n++) await setting.commit('main', `many-${n}`);
      return clients.every(({ received }) => received.length === 200);
    });
    for (const client of clients)
      assert.deepEqual(
        ids(client),
        Array.from({ length: 200 }, (_, n) => n + 1),
      );
    assert.equal(await waiting(), 0);
  });
});

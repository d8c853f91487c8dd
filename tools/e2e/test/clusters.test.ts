import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { jetstreamManager, type StreamInfo } from '@nats-io/jetstream';
import { Kafka, logLevel } from 'kafkajs';
import { streamNames } from '@tributary/contracts';
import { connectNats } from '@tributary/log';
import {
  startKafkaCluster,
  startNatsCluster,
  until,
  type KafkaCluster,
  type NatsCluster,
} from '@tributary/testing';
import { Fleet } from '../src/fleet.ts';
import { Platform } from '../src/platform.ts';
import { TopicAudit } from '../src/topic-audit.ts';

const PARTITIONS = 4;
/** Long enough for an election of NATS, as production demands. */
const LEASE_MS = 20_000;
const LOG = streamNames.log(1, 0);

const MAPPING = `
version: 1
clusters:
  main:
    brokers: ['\${env:KAFKA_BROKERS}']
    createTopics: { partitions: ${PARTITIONS}, replication: 3 }
routes:
  - name: fleet
    from: { mqtt: 'three/{run}/{device}' }
    to:
      kafka: three.\${run}
      topics: [three.nats-leader, three.nats-rolling, three.nats-quorum, three.kafka-leader, three.kafka-rolling]
      key: \${device}
`;

describe('on three NATS servers and three Kafka brokers, with 60 devices at QoS 0, 1 and 2', () => {
  const stack = new AsyncDisposableStack();
  let nats: NatsCluster;
  let kafka: KafkaCluster;
  let platform: Platform;

  before(async () => {
    [nats, kafka] = await Promise.all([startNatsCluster({ syncInterval: 'always' }), startKafkaCluster()]);
    stack.use(nats);
    stack.use(kafka);
    const servers = { nats: nats.urls, brokers: kafka.brokers, replicas: 3 };
    const settings = {
      'deployment.profile': 'production',
      'nats.monitor': nats.servers.map(({ monitor = '' }) => monitor).join(','),
      'lease.ttlMs': LEASE_MS,
    };
    platform = stack.use(await Platform.start({ ingress: 2, mapping: MAPPING, servers, settings }));
  });
  after(() => stack.disposeAsync());

  /** Leases that the services have lost since they were started. */
  async function leasesLost(): Promise<number> {
    let lost = 0;
    for (const service of platform.services.values()) {
      const text = await (await service.get('/metrics')).text();
      for (const [, count] of text.matchAll(/^tributary_leases_lost_total\{[^}]*\} (\d+)/gm))
        lost += Number(count);
    }
    return lost;
  }

  /** Has messages flow while `fault` happens; shows and asserts what became of them. */
  async function under(
    run: string,
    fault: (fleet: Fleet, audit: TopicAudit) => Promise<Record<string, unknown>>,
  ) {
    const topic = `three.${run}`;
    const admin = new Kafka({ brokers: platform.brokers, logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic, numPartitions: PARTITIONS, replicationFactor: 3 }] });
    await admin.disconnect();
    await kafka.settled();
    await using audit = await TopicAudit.start(platform.brokers, topic);
    await using fleet = await Fleet.start([platform.mqtt(0), platform.mqtt(1)], 60, `three/${run}`, 20);
    await until(() => audit.count > 300, { what: 'messages to flow' });
    const shown = await fault(fleet, audit);
    const backAt = performance.now();
    const acknowledged = fleet.acknowledged;
    await until(() => fleet.acknowledged > acknowledged + 600, {
      timeoutMs: 60_000,
      what: 'devices to go on',
    });
    await fleet.stop();
    await until(() => audit.missing(fleet.devices) === 0, {
      timeoutMs: 60_000,
      what: 'all that was acknowledged to be in Kafka',
    });
    const recoveredMs = Math.round(performance.now() - backAt);
    await delay(500);
    const verdict = audit.verdict(fleet.devices);
    const { reconnects } = fleet;
    console.log(run, JSON.stringify({ ...verdict, ...shown, reconnects, recoveredMs }));
    assert.equal(verdict.lost, 0);
    assert.equal(verdict.reordered, 0);
  }

  it('every stream and bucket is kept three times', async () => {
    const connection = await connectNats({ servers: nats.urls, name: 'observer' });
    const found: StreamInfo[] = [];
    for await (const info of (await jetstreamManager(connection)).streams.list()) found.push(info);
    await connection.close();
    assert.ok(found.length >= 3 * PARTITIONS, `${found.length} streams`);
    const copies = found.map(({ config, cluster }) => [
      config.name,
      config.num_replicas,
      cluster?.replicas?.length,
    ]);
    assert.deepEqual(
      copies,
      found.map(({ config }) => [config.name, 3, 2]),
    );
  });

  it('the NATS server that leads a partition of the log is killed and comes back: no lease is lost', () =>
    under('nats-leader', async (fleet) => {
      const leader = await nats.leaderOf(LOG);
      const before = fleet.acknowledged;
      await leader.kill();
      const successor = await nats.leaderOf(LOG);
      assert.notEqual(successor.name, leader.name);
      await until(() => fleet.acknowledged > before + 600, { what: 'devices to go on without it' });
      await leader.start();
      await nats.settled();
      assert.equal(await leasesLost(), 0);
      return { leader: leader.name, successor: successor.name };
    }));

  it('the NATS servers are restarted one after another: no lease is lost', () =>
    under('nats-rolling', async () => {
      const led: string[] = [];
      for (const server of nats.servers) {
        led.push((await nats.leaderOf(LOG)).name);
        await server.restart();
        await nats.settled();
      }
      led.push((await nats.leaderOf(LOG)).name);
      assert.ok(new Set(led).size > 1, 'the leader moves');
      assert.equal(await leasesLost(), 0);
      return { leaders: led };
    }));

  it('two of three NATS servers are away until leases end: nothing is acknowledged until one returns', () =>
    under('nats-quorum', async (fleet) => {
      const [first, second] = nats.servers;
      await Promise.all([first?.kill(), second?.kill()]);
      // What was on its way may still be answered.
      await delay(1_000);
      const before = fleet.acknowledged;
      await delay(LEASE_MS);
      const meanwhile = fleet.acknowledged - before;
      assert.equal(meanwhile, 0);
      await first?.start();
      await until(() => fleet.acknowledged > before + 600, {
        timeoutMs: 60_000,
        what: 'devices to go on with two of three',
      });
      await second?.start();
      await nats.settled();
      const lost = await leasesLost();
      assert.ok(lost > 0, 'leases cannot be renewed without a quorum');
      return { acknowledgedWithoutQuorum: meanwhile, leasesLost: lost };
    }));

  it('the Kafka broker that leads a partition is killed and comes back', () =>
    under('kafka-leader', async (_, audit) => {
      const leader = await kafka.leaderOf('three.kafka-leader', 0);
      await leader.kill();
      const before = audit.count;
      await until(() => audit.count > before + 600, {
        timeoutMs: 60_000,
        what: 'records to flow without it',
      });
      const successor = await kafka.leaderOf('three.kafka-leader', 0);
      assert.notDeepEqual(successor.brokers, leader.brokers);
      await leader.start();
      await kafka.settled();
      return { leader: leader.brokers[0], successor: successor.brokers[0] };
    }));

  it('the Kafka brokers are restarted one after another', () =>
    under('kafka-rolling', async () => {
      for (const server of kafka.servers) {
        await server.restart();
        await kafka.settled();
      }
      return {};
    }));
});

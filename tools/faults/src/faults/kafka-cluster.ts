import type { KafkaCluster, KafkaServer } from '@tributary/testing';
import type { Fault } from '../fault.ts';
import { DELIVERIES, topicOf } from '../platform/deliveries.ts';
import type { Scene } from '../scene.ts';
import { ids } from './parts.ts';

const HUNG_MS = 8_000;
const NO_ISR_MS = 8_000;

const common = { profile: 'cluster', repeats: true } as const;

/** What a cluster of Kafka brokers must get over. */
export const kafkaClusterFaults: readonly Fault[] = [
  {
    ...common,
    name: 'kafka-leader-loss',
    title: 'kill -9 of a Kafka broker that leads a partition',
    inSubset: true,
    inject: leaderLoss,
  },
  {
    ...common,
    name: 'kafka-leader-hang',
    title: 'that broker stopped (SIGSTOP) until another leads, then woken',
    inject: leaderHang,
  },
  {
    ...common,
    name: 'kafka-min-isr-loss',
    title: 'two brokers of three stopped: too few replicas for an acknowledgement',
    inject: isrLoss,
  },
  {
    ...common,
    name: 'kafka-rolling-restart',
    title: 'every Kafka broker restarted, one after the other',
    inject: rolling,
  },
];

function cluster(scene: Scene): KafkaCluster {
  const { kafkaCluster } = scene.platform.servers;
  if (kafkaCluster === undefined) throw new Error('this platform has no cluster of Kafka brokers');
  return kafkaCluster;
}

const topicIn = (scene: Scene): string => topicOf(DELIVERIES[0], scene.row);
const nameIn = (kafka: KafkaCluster, server: KafkaServer): string =>
  `broker ${kafka.servers.indexOf(server) + 1}`;

async function leaderLoss(scene: Scene): Promise<string[]> {
  const kafka = cluster(scene);
  const topic = topicIn(scene);
  const leader = await kafka.leaderOf(topic, 0);
  const before = leader.pid;
  await scene.strike(() => leader.kill());
  const next = await kafka.leaderOf(topic, 0);
  await scene.flowing(60_000);
  await leader.start();
  await kafka.settled();
  const led = `a partition led by ${nameIn(kafka, leader)}, then by ${nameIn(kafka, next)}`;
  return [`${led}; process ${ids([before], [leader])}`];
}

async function leaderHang(scene: Scene): Promise<string[]> {
  const kafka = cluster(scene);
  const topic = topicIn(scene);
  const leader = await kafka.leaderOf(topic, 0);
  await scene.strike(() => leader.pause());
  const next = await kafka.leaderOf(topic, 0);
  await scene.pause(HUNG_MS);
  leader.resume();
  await kafka.settled();
  return [
    `a partition led by ${nameIn(kafka, leader)}, then by ${nameIn(kafka, next)} while the first stood still`,
  ];
}

async function isrLoss(scene: Scene): Promise<string[]> {
  const kafka = cluster(scene);
  const gone = scene.random.shuffled(kafka.servers).slice(1);
  const before = gone.map(({ pid }) => pid);
  const records = (): number => scene.audits.reduce((sum, { ledger }) => sum + ledger.count, 0);
  const acknowledged = await scene.strike(async () => {
    await Promise.all(gone.map((server) => server.kill()));
    return scene.fleet.acknowledged;
  });
  await scene.pause(1_000);
  const count = records();
  await scene.pause(NO_ISR_MS);
  const through = records() - count;
  const meanwhile = scene.fleet.acknowledged - acknowledged;
  await Promise.all(gone.map((server) => server.start()));
  await kafka.settled(90_000);
  if (through > 0) throw new Error(`${through} records came through one broker of three`);
  const facts = `no record for ${NO_ISR_MS / 1_000} s, ${meanwhile} messages acknowledged to devices meanwhile`;
  return meanwhile === 0 ? [] : [`${facts}; process ${ids(before, gone)}`];
}

async function rolling(scene: Scene): Promise<string[]> {
  const kafka = cluster(scene);
  const before = kafka.servers.map(({ pid }) => pid);
  for (const server of kafka.servers) {
    await scene.strike(() => server.restart());
    await kafka.settled(90_000);
  }
  return [`process ${ids(before, kafka.servers)}`];
}

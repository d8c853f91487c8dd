import { streamNames } from '@tributary/contracts';
import type { NatsCluster, NatsServer } from '@tributary/testing';
import type { Fault } from '../fault.ts';
import type { Scene } from '../scene.ts';
import { ids } from './parts.ts';

/** A partition of the log that is watched for its leader. */
const STREAM = streamNames.log(1, 0);
const AWAY_MS = 3_000;
const NO_QUORUM_MS = 6_000;

const common = { profile: 'cluster', repeats: true } as const;

/** What a cluster of nats-servers must get over. */
export const natsClusterFaults: readonly Fault[] = [
  {
    ...common,
    name: 'nats-leader-loss',
    title: 'kill -9 of the nats-server that leads a log partition',
    inject: leaderLoss,
  },
  {
    ...common,
    name: 'nats-leader-hang',
    title: 'that server stopped (SIGSTOP) and woken',
    inject: leaderHang,
  },
  { ...common, name: 'nats-quorum-loss', title: 'kill -9 of two nats-servers of three', inject: quorumLoss },
  {
    ...common,
    name: 'nats-rolling-restart',
    title: 'every nats-server restarted, one after the other',
    inject: rolling,
  },
];

function cluster(scene: Scene): NatsCluster {
  const { natsCluster } = scene.platform.servers;
  if (natsCluster === undefined) throw new Error('this platform has no cluster of nats-servers');
  return natsCluster;
}

async function leaderLoss(scene: Scene): Promise<string[]> {
  const nats = cluster(scene);
  const leader = await nats.leaderOf(STREAM);
  const before = leader.pid;
  await scene.strike(() => leader.kill());
  const next = await nats.leaderOf(STREAM);
  await scene.flowing(30_000);
  await leader.start();
  await nats.settled();
  return [`${STREAM} led by ${leader.name}, then by ${next.name}; process ${ids([before], [leader])}`];
}

async function leaderHang(scene: Scene): Promise<string[]> {
  const nats = cluster(scene);
  const leader = await nats.leaderOf(STREAM);
  await scene.strike(() => leader.pause());
  const next = await nats.leaderOf(STREAM);
  await scene.pause(AWAY_MS);
  leader.resume();
  await nats.settled();
  return [`${STREAM} led by ${leader.name}, then by ${next.name} while the first stood still`];
}

async function quorumLoss(scene: Scene): Promise<string[]> {
  const nats = cluster(scene);
  const [kept, ...gone] = scene.random.shuffled(nats.servers);
  const before = gone.map(({ pid }) => pid);
  const kill = (servers: readonly NatsServer[]) => Promise.all(servers.map((server) => server.kill()));
  await scene.strike(() => kill(gone));
  // What was decided before may still be answered.
  await scene.pause(500);
  const acknowledged = scene.fleet.acknowledged;
  await scene.pause(NO_QUORUM_MS);
  const meanwhile = scene.fleet.acknowledged - acknowledged;
  await Promise.all(gone.map((server) => server.start()));
  await nats.settled();
  if (meanwhile > 0) throw new Error(`${meanwhile} messages were acknowledged by one server of three`);
  return [
    `only ${kept?.name} left for ${NO_QUORUM_MS / 1_000} s, no message acknowledged; process ${ids(before, gone)}`,
  ];
}

async function rolling(scene: Scene): Promise<string[]> {
  const nats = cluster(scene);
  const leaders = new Set<string>();
  for (const server of nats.servers) {
    leaders.add((await nats.leaderOf(STREAM)).name);
    await scene.strike(() => server.restart());
    await nats.settled();
  }
  leaders.add((await nats.leaderOf(STREAM)).name);
  return leaders.size < 2
    ? []
    : [`${nats.servers.length} servers restarted, ${STREAM} led by ${[...leaders].join(', ')}`];
}

import { jetstreamManager } from '@nats-io/jetstream';
import { streamNames } from '@tributary/contracts';
import { connectNats } from '@tributary/log';
import type { NatsCluster } from '@tributary/testing';
import type { Fault } from '../fault.ts';
import { CLUSTER_LEASE_MS } from '../platform/cluster-servers.ts';
import type { Scene } from '../scene.ts';
import { leasesLost } from './freeze.ts';
import { ids } from './parts.ts';

/** A partition of the log that is watched for its leader. */
const STREAM = streamNames.log(1, 0);
const COPIES = 3;
const HUNG_MS = 3_000;

const common = { profile: 'cluster', repeats: true } as const;

/** What a cluster of nats-servers must get over. */
export const natsClusterFaults: readonly Fault[] = [
  {
    ...common,
    name: 'nats-leader-loss',
    title: 'kill -9 of the nats-server that leads a log partition; no lease is lost',
    inSubset: true,
    inject: leaderLoss,
  },
  {
    ...common,
    name: 'nats-leader-hang',
    title: 'that server stopped (SIGSTOP) until another leads, then woken',
    inject: leaderHang,
  },
  {
    ...common,
    name: 'nats-rolling-restart',
    title: 'every nats-server restarted, one after the other; no lease is lost',
    inSubset: true,
    inject: rolling,
  },
  {
    ...common,
    name: 'nats-quorum-loss',
    title: 'kill -9 of two nats-servers of three until leases end',
    inject: quorumLoss,
  },
];

function cluster(scene: Scene): NatsCluster {
  const { natsCluster } = scene.platform.servers;
  if (natsCluster === undefined) throw new Error('this platform has no cluster of nats-servers');
  return natsCluster;
}

async function leaderLoss(scene: Scene): Promise<string[]> {
  const nats = cluster(scene);
  const streams = await keptStreams(nats);
  const lost = await allLeasesLost(scene);
  const leader = await nats.leaderOf(STREAM);
  const before = leader.pid;
  await scene.strike(() => leader.kill());
  const next = await nats.leaderOf(STREAM);
  await scene.flowing(30_000);
  await leader.start();
  await nats.settled();
  if ((await allLeasesLost(scene)) > lost) throw new Error('a lease was lost by the loss of one server');
  return [
    `${streams} streams and buckets, each kept ${COPIES} times`,
    `${STREAM} led by ${leader.name}, then by ${next.name}; process ${ids([before], [leader])}`,
  ];
}

async function leaderHang(scene: Scene): Promise<string[]> {
  const nats = cluster(scene);
  const leader = await nats.leaderOf(STREAM);
  await scene.strike(() => leader.pause());
  const next = await nats.leaderOf(STREAM);
  await scene.pause(HUNG_MS);
  leader.resume();
  await nats.settled();
  return [`${STREAM} led by ${leader.name}, then by ${next.name} while the first stood still`];
}

async function rolling(scene: Scene): Promise<string[]> {
  const nats = cluster(scene);
  const lost = await allLeasesLost(scene);
  const leaders: string[] = [];
  for (const server of nats.servers) {
    leaders.push((await nats.leaderOf(STREAM)).name);
    await scene.strike(() => server.restart());
    await nats.settled();
  }
  leaders.push((await nats.leaderOf(STREAM)).name);
  if ((await allLeasesLost(scene)) > lost) throw new Error('a lease was lost by a rolling restart');
  return new Set(leaders).size < 2 ? [] : [`${STREAM} led by ${leaders.join(', ')} in turn`];
}

async function quorumLoss(scene: Scene): Promise<string[]> {
  const nats = cluster(scene);
  const lost = await allLeasesLost(scene);
  const [kept, first, second] = scene.random.shuffled(nats.servers);
  if (kept === undefined || first === undefined || second === undefined) return [];
  const before = [first.pid, second.pid];
  await scene.strike(() => Promise.all([first.kill(), second.kill()]));
  // What was on its way may still be answered.
  await scene.pause(1_000);
  const acknowledged = scene.fleet.acknowledged;
  await scene.pause(CLUSTER_LEASE_MS);
  const meanwhile = scene.fleet.acknowledged - acknowledged;
  if (meanwhile > 0) throw new Error(`${meanwhile} messages were acknowledged by one server of three`);
  await first.start();
  await scene.flowing(90_000);
  await second.start();
  await nats.settled();
  const gone = (await allLeasesLost(scene)) - lost;
  const facts = `only ${kept.name} left for ${CLUSTER_LEASE_MS / 1_000} s: no message acknowledged, ${gone} leases lost`;
  return gone === 0
    ? []
    : [`${facts}; flowing again with two of three; process ${ids(before, [first, second])}`];
}

async function allLeasesLost({ platform: { services } }: Scene): Promise<number> {
  const counts = await Promise.all(services.names.map((name) => leasesLost(services.get(name))));
  return counts.reduce((sum, count) => sum + count, 0);
}

/** How many streams there are, buckets included; an error if one is not kept as often as all should be. */
async function keptStreams({ urls }: NatsCluster): Promise<number> {
  const nats = await connectNats({ servers: urls, name: 'faults' });
  try {
    let count = 0;
    for await (const { config } of (await jetstreamManager(nats)).streams.list()) {
      count++;
      if (config.num_replicas !== COPIES)
        throw new Error(`${config.name} is kept ${config.num_replicas} times`);
    }
    return count;
  } finally {
    await nats.close();
  }
}

import { join } from 'node:path';
import { freePort } from '../wait/free-port.ts';
import { until } from '../wait/until.ts';
import { isCurrent, metaLeaderSeenBy, streamLeaderSeenBy } from './nats-monitor.ts';
import { startNats, type NatsOptions, type NatsServer } from './nats-server.ts';

export interface NatsClusterOptions extends Omit<
  NatsOptions,
  'port' | 'monitorPort' | 'cluster' | 'logFile'
> {
  /** How many; default 3. */
  servers?: number;
}

/** Several nats-servers that share streams. Each can be killed, frozen and started again; disposing of it kills all. */
export class NatsCluster implements AsyncDisposable {
  readonly servers: readonly NatsServer[];
  /** For clients: `nats://host:port` of each. */
  readonly urls: string[];

  constructor(servers: readonly NatsServer[]) {
    this.servers = servers;
    this.urls = servers.map(({ url }) => url);
  }

  /** Resolves to the server that leads a stream (a bucket's is `KV_<bucket>`), once most servers agree on one that works. */
  leaderOf(stream: string): Promise<NatsServer> {
    return this.#agreed(`${stream} has a leader`, (server) => streamLeaderSeenBy(server, stream));
  }

  /** Resolves to the server that places streams, once most servers agree on one that works. */
  metaLeader(): Promise<NatsServer> {
    return this.#agreed('JetStream has a leader', metaLeaderSeenBy);
  }

  /** Resolves when every server has caught up: the next one may be taken away without the loss of a quorum. */
  async settled(timeoutMs = 60_000): Promise<void> {
    const allCurrent = async (): Promise<boolean> => {
      const current = await Promise.all(this.servers.map(isCurrent));
      return current.every(Boolean);
    };
    await until(allCurrent, { what: 'all NATS servers have caught up', timeoutMs, intervalMs: 50 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.servers.map((server) => server[Symbol.asyncDispose]()));
  }

  // A server that was cut off may still name itself; most of all servers cannot err together.
  async #agreed(
    what: string,
    seenBy: (server: NatsServer) => Promise<string | undefined>,
  ): Promise<NatsServer> {
    const leader = async (): Promise<NatsServer | undefined> => {
      const named = await Promise.all(this.servers.map(seenBy));
      const votes = (server: NatsServer): number => named.filter((name) => name === server.name).length;
      // The others name one that was killed or frozen until they have missed it for some seconds.
      return this.servers.find((server) => server.process.working && votes(server) * 2 > this.servers.length);
    };
    return until(leader, { what, intervalMs: 50 });
  }
}

/**
 * Starts nats-servers side by side, each on free ports of 127.0.0.1 with a store of its own, and waits until JetStream
 * has a leader and everybody has caught up. In a `dataFolder` that is given each has a folder with its number.
 */
export async function startNatsCluster(options: NatsClusterOptions = {}): Promise<NatsCluster> {
  const { servers: count = 3, dataFolder, ...common } = options;
  const peers = await Promise.all(Array.from({ length: count }, () => freePort()));
  const starting = peers.map(async (port, n) =>
    startNats({
      ...common,
      ...(dataFolder !== undefined && { dataFolder: join(dataFolder, String(n)) }),
      monitorPort: await freePort(),
      cluster: { name: `tributary-${peers[0]}`, port, peers },
    }),
  );
  const started = await Promise.allSettled(starting);
  const cluster = new NatsCluster(started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])));
  try {
    for (const one of started) if (one.status === 'rejected') throw one.reason;
    await cluster.metaLeader();
    await cluster.settled();
  } catch (error) {
    await cluster[Symbol.asyncDispose]();
    throw error;
  }
  return cluster;
}

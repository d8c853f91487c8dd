import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  freePort,
  provisionKafka,
  run,
  startKafka,
  TemporaryFolder,
  type KafkaServer,
} from '@tributary/testing';

/** Three Kafka nodes, each broker and controller, that want two replicas of everything. */
export class Cluster implements AsyncDisposable {
  readonly nodes: readonly KafkaServer[];
  readonly #folder: TemporaryFolder;

  constructor(nodes: readonly KafkaServer[], folder: TemporaryFolder) {
    this.nodes = nodes;
    this.#folder = folder;
  }

  get brokers(): string[] {
    return this.nodes.flatMap((node) => node.brokers);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.nodes.map((node) => node[Symbol.asyncDispose]()));
    this.#folder[Symbol.dispose]();
  }
}

interface Node {
  readonly id: number;
  readonly port: number;
  readonly controllerPort: number;
}

/** Why there can be no cluster; false if there can. Containers would not reach each other's ports. */
export async function noCluster(): Promise<string | false> {
  return (await provisionKafka()).kind !== 'java' && 'needs Kafka on a Java of this machine';
}

export async function startCluster(): Promise<Cluster> {
  const folder = new TemporaryFolder('kafka-cluster');
  const ports = await Promise.all([1, 2, 3].map(async (id) => ({ id, port: await freePort() })));
  const nodes: Node[] = [];
  for (const { id, port } of ports) nodes.push({ id, port, controllerPort: await freePort() });
  const voters = nodes.map(({ id, controllerPort }) => `${id}@127.0.0.1:${controllerPort}`).join(',');
  const clusterId = `A${randomBytes(16).toString('base64url').slice(1)}`;
  const starting = nodes.map(async (node) => {
    const dataFolder = join(folder.path, String(node.id));
    mkdirSync(dataFolder, { recursive: true });
    const properties = {
      'node.id': node.id,
      'controller.quorum.voters': voters,
      'min.insync.replicas': 2,
      'offsets.topic.replication.factor': 3,
      // Leadership goes back to a broker soon after it has returned: it moves twice for each kill.
      'leader.imbalance.check.interval.seconds': 5,
    };
    await format(dataFolder, clusterId, node, properties);
    const { port, controllerPort } = node;
    return startKafka({ port, controllerPort, dataFolder, properties, heap: { startMb: 128, maxMb: 512 } });
  });
  return new Cluster(await Promise.all(starting), folder);
}

/** All nodes need the same cluster id, and startKafka would give each its own. */
async function format(
  dataFolder: string,
  clusterId: string,
  { port, controllerPort }: Node,
  properties: Readonly<Record<string, string | number>>,
): Promise<void> {
  const program = await provisionKafka();
  if (program.kind !== 'java') throw new Error('a cluster needs Kafka on a Java of this machine');
  const all = {
    'process.roles': 'broker,controller',
    listeners: `CLIENTS://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'CLIENTS',
    'listener.security.protocol.map': 'CLIENTS:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'log.dirs': join(dataFolder, 'log'),
    ...properties,
  };
  const config = join(dataFolder, 'format.properties');
  writeFileSync(
    config,
    Object.entries(all)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(''),
  );
  const tool = ['kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', config];
  await run(program.java, ['-cp', join(program.libs, '*'), ...tool]);
}

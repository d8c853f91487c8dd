export interface KafkaSettings {
  /** Address that clients connect to and that is advertised to them, exactly as given. */
  host: string;
  port: number;
  controllerPort: number;
  logFolder: string;
  /** Which node of which cluster it is; default one that is alone. */
  member?: KafkaMember;
  /** Further broker settings; they win over ours. */
  properties?: Readonly<Record<string, string | number | boolean>>;
}

export interface KafkaMember {
  /** Place of this node in `controllerPorts`; its node id is one more. */
  index: number;
  /** Of all nodes of the cluster: each is a voter. */
  controllerPorts: readonly number[];
}

/** The server.properties of one KRaft node that is broker and controller, tuned for a small machine. */
export function serverProperties(settings: KafkaSettings): string {
  const { host, port, controllerPort, logFolder, properties } = settings;
  const { index, controllerPorts } = settings.member ?? { index: 0, controllerPorts: [controllerPort] };
  const voters = controllerPorts.map((voterPort, n) => `${n + 1}@127.0.0.1:${voterPort}`);
  const replicas = Math.min(3, voters.length);
  const minInsync = Math.max(1, replicas - 1);
  const all: Record<string, string | number | boolean> = {
    'process.roles': 'broker,controller',
    'node.id': index + 1,
    'controller.quorum.voters': voters.join(','),
    listeners: `CLIENTS://${host}:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `CLIENTS://${host}:${port}`,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'CLIENTS',
    'listener.security.protocol.map': 'CLIENTS:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'log.dirs': logFolder,
    // A topic that appears because somebody misspelt a name hides the mistake.
    'auto.create.topics.enable': false,
    'default.replication.factor': replicas,
    'min.insync.replicas': minInsync,
    // Few partitions start and recover faster.
    'offsets.topic.num.partitions': 4,
    'offsets.topic.replication.factor': replicas,
    'transaction.state.log.num.partitions': 4,
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': minInsync,
    'share.coordinator.state.topic.num.partitions': 1,
    'share.coordinator.state.topic.replication.factor': replicas,
    'share.coordinator.state.topic.min.isr': minInsync,
    // A consumer group of tests or the demo need not wait for members that will not come.
    'group.initial.rebalance.delay.ms': 0,
    'num.network.threads': 2,
    'num.io.threads': 4,
    'background.threads': 2,
    // A broker that was killed is let in again only when its former registration has expired.
    'broker.session.timeout.ms': 3000,
    'broker.heartbeat.interval.ms': 500,
    'log.cleaner.dedupe.buffer.size': 16 * 1024 * 1024,
    // Tests that delete topics should see the disk space again.
    'log.segment.delete.delay.ms': 1000,
    ...properties,
  };
  return Object.entries(all)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

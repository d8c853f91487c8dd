import { startKafkaCluster, startNatsCluster } from '@tributary/testing';
import type { Servers } from './servers.ts';

/** Long enough for an election of NATS, as production demands. */
export const CLUSTER_LEASE_MS = 20_000;

/** Three nats-servers and three Kafka brokers, everything kept three times, as in production. Services reach them directly. */
export async function clusterServers(): Promise<Servers> {
  await using stack = new AsyncDisposableStack();
  const [nats, kafka] = await Promise.allSettled([
    startNatsCluster({ syncInterval: 'always' }),
    startKafkaCluster(),
  ]);
  for (const one of [nats, kafka]) if (one.status === 'fulfilled') stack.use(one.value);
  if (nats.status === 'rejected') throw nats.reason;
  if (kafka.status === 'rejected') throw kafka.reason;
  const owned = stack.move();
  return {
    nats: nats.value.servers,
    kafka: kafka.value.servers,
    natsCluster: nats.value,
    kafkaCluster: kafka.value,
    replicas: 3,
    settings: {
      'deployment.profile': 'production',
      'nats.monitor': nats.value.servers.map(({ monitor = '' }) => monitor),
      'lease.ttlMs': CLUSTER_LEASE_MS,
    },
    brokers: kafka.value.brokers,
    servedBrokers: kafka.value.brokers,
    natsFor: async () => nats.value.urls,
    settled: async () => {
      await Promise.all([nats.value.settled(), kafka.value.settled()]);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

import {
  freePort,
  startKafka,
  startNats,
  type KafkaCluster,
  type KafkaServer,
  type NatsCluster,
  type NatsOptions,
  type NatsServer,
  type ProcOptions,
} from '@tributary/testing';
import type { SmallDisk } from '../disk/small-disk.ts';
import type { VolatileDisk } from '../disk/volatile-disk.ts';
import type { Links } from './links.ts';

/** What the services of a platform stand on, and how they and the audit reach it. */
export interface Servers extends AsyncDisposable {
  readonly nats: readonly NatsServer[];
  readonly kafka: readonly KafkaServer[];
  /** The clusters, where these are clusters. */
  readonly natsCluster?: NatsCluster;
  readonly kafkaCluster?: KafkaCluster;
  /** What the log is stored on, where that can be disturbed. */
  readonly smallDisk?: SmallDisk;
  readonly volatileDisk?: VolatileDisk;
  /** Copies of every stream, bucket and topic. */
  readonly replicas: number;
  /** Settings of every service on them. */
  readonly settings: NonNullable<ProcOptions['settings']>;
  /** Brokers for the audit, past every proxy. */
  readonly brokers: readonly string[];
  /** Brokers for services. */
  readonly servedBrokers: readonly string[];
  /** NATS addresses for a service. */
  natsFor(name: string): Promise<readonly string[]>;
  /** Resolves when every server has what the others have: the next one may be taken away. */
  settled(): Promise<void>;
}

/** What Kafka takes at most: far less than a device may send. */
export const LARGEST_RECORD_BYTES = 256 * 1024;

/** One nats-server and one Kafka, with a proxy between them and each service. */
export async function singleServers(links: Links, natsOptions: NatsOptions): Promise<Servers> {
  await using stack = new AsyncDisposableStack();
  const [port, servicePort, proxyPort, controllerPort] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ];
  const host = '127.0.0.1';
  // A client of Kafka goes on where the broker says it is: services are told of the proxy, and reach it alone.
  const properties = {
    listeners: `CLIENTS://${host}:${port},SERVICES://${host}:${servicePort},CONTROLLER://${host}:${controllerPort}`,
    'advertised.listeners': `CLIENTS://${host}:${port},SERVICES://${host}:${proxyPort}`,
    'message.max.bytes': LARGEST_RECORD_BYTES,
    'listener.security.protocol.map': 'CLIENTS:PLAINTEXT,SERVICES:PLAINTEXT,CONTROLLER:PLAINTEXT',
  };
  const starting = [startNats(natsOptions), startKafka({ port, controllerPort, properties })] as const;
  const [nats, kafka] = await Promise.allSettled(starting);
  for (const one of [nats, kafka]) if (one.status === 'fulfilled') stack.use(one.value);
  if (nats.status === 'rejected') throw nats.reason;
  if (kafka.status === 'rejected') throw kafka.reason;
  const broker = await links.add('kafka-egress–kafka', 'kafka', { host, port: servicePort }, proxyPort);
  const owned = stack.move();
  return {
    nats: [nats.value],
    kafka: [kafka.value],
    replicas: 1,
    settings: {},
    brokers: kafka.value.brokers,
    servedBrokers: [broker.address],
    natsFor: async (name) => {
      const proxy = await links.add(natsLink(name), name, nats.value);
      return [`nats://${proxy.address}`];
    },
    settled: async () => undefined,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

const WITH_NATS = ['mqtt-ingress', 'session-state', 'topic-mapper', 'kafka-egress', 'control-plane'] as const;

function natsLink(name: string) {
  const app = WITH_NATS.find((known) => name.startsWith(known));
  if (app === undefined) throw new Error(`${name} is no service`);
  return `${app}–nats` as const;
}

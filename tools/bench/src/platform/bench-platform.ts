import { join } from 'node:path';
import { KafkaAdmin } from '@tributary/kafka';
import {
  prepareKafka,
  provisionNats,
  startKafka,
  startNats,
  TemporaryFolder,
  type Proc,
  type Progress,
} from '@tributary/testing';
import type { PipelineOptions } from '../pipeline-options.ts';
import { profileFlags } from '../report/cpu-profile.ts';
import { SERVICES, type EngineChoice, type ServiceName } from '../service-options.ts';
import { applyMapping } from './apply-mapping.ts';
import { BENCH_MAPPING, KAFKA_TOPIC } from './bench-mapping.ts';
import {
  allReady,
  complaintsOf,
  hostAndPort,
  keepLogs,
  logOf,
  startService,
  type Member,
} from './bench-service.ts';

const MIB = 1024 * 1024;
/** As `npm start` has it. */
const MAX_PAYLOAD = 8 * MIB;
const MAX_STORE = 2 ** 42;
// The consumer reads at the end of the topic: what lies further back than this need not fill the disk in a long run.
const RETENTION = {
  'log.segment.bytes': 128 * MIB,
  'log.retention.bytes': 512 * MIB,
  'log.retention.check.interval.ms': 10_000,
};

interface Ingress {
  engine: EngineChoice;
  member: Member;
  mqtt: { host: string; port: number };
}

/**
 * A platform for measuring: real servers and all services from source, each a process, on free ports, with a folder that
 * goes with it. Each engine has an ingress node of its own; the one that is not measured has nothing to do.
 */
export class BenchPlatform implements AsyncDisposable {
  readonly kafka: { host: string; port: number };
  readonly #ingresses: readonly Ingress[];
  readonly #others: readonly Member[];
  readonly #services: readonly Proc[];
  readonly #ready = new Date().toISOString();
  readonly #resources: AsyncDisposableStack;

  private constructor(
    ingresses: readonly Ingress[],
    others: readonly Member[],
    kafka: string,
    services: readonly Proc[],
    resources: AsyncDisposableStack,
  ) {
    this.kafka = hostAndPort(`kafka://${kafka}`);
    this.#ingresses = ingresses;
    this.#others = others;
    this.#services = services;
    this.#resources = resources;
  }

  static async start(options: PipelineOptions, progress: Progress): Promise<BenchPlatform> {
    await using resources = new AsyncDisposableStack();
    await provisionNats(progress);
    await prepareKafka(progress);
    const folder = resources.use(new TemporaryFolder('bench'));
    const [nats, kafka] = await progress('starting NATS and Kafka', () =>
      Promise.all([
        startNats({
          dataFolder: join(folder.path, 'nats'),
          logFile: logOf(folder.path, 'nats-server'),
          maxPayload: MAX_PAYLOAD,
          maxStore: MAX_STORE,
        }),
        startKafka({
          dataFolder: join(folder.path, 'kafka'),
          logFile: logOf(folder.path, 'kafka'),
          properties: RETENTION,
        }),
      ]),
    );
    resources.use(nats);
    resources.use(kafka);
    await createTopic(kafka.brokers, options.partitions);
    const member = ({ pid }: Proc, name: string): Member => ({ name, pid, log: logOf(folder.path, name) });
    const start = async (name: ServiceName, engine: EngineChoice = 'default'): Promise<[Proc, Member]> => {
      const label = labelOf(name, engine);
      const service = await startService(name, {
        label,
        nats: nats.url,
        engine,
        settings: name === 'kafka-egress' ? { 'egress.driver': options.producer } : {},
        set: options.set,
        node: options.node,
        env: { KAFKA_BROKERS: kafka.brokers.join(',') },
        nodeArgs: options.profile.includes(name) ? profileFlags(label) : [],
        folder: folder.path,
      });
      resources.use(service);
      return [service, member(service, label)];
    };
    const [others, nodes] = await progress('starting the services', () =>
      Promise.all([
        Promise.all(SERVICES.filter((name) => name !== 'mqtt-ingress').map((name) => start(name))),
        Promise.all(options.engines.map((engine) => start('mqtt-ingress', engine))),
      ]),
    );
    const services = [...nodes, ...others].map(([service]) => service);
    const control = services.find(({ name }) => name === 'control-plane');
    await applyMapping(control?.endpoint('grpc') ?? '', BENCH_MAPPING);
    await progress('waiting until every service is ready', () => allReady(services));
    const ingresses = nodes.map(([node, itself], i): Ingress => {
      const mqtt = hostAndPort(node.endpoint('mqtt'));
      return { engine: options.engines[i] ?? 'default', member: itself, mqtt };
    });
    const servers = [nats, kafka].map(({ process: { launch, pid } }) => ({
      name: launch.name,
      pid: launch.container === undefined ? pid : undefined,
      log: logOf(folder.path, launch.name),
    }));
    const rest = [...others.map(([, itself]) => itself), ...servers];
    return new BenchPlatform(ingresses, rest, kafka.brokers[0] ?? '', services, resources.move());
  }

  /** The node of an engine, and the processes that work when it is used. */
  with(engine: EngineChoice): { mqtt: { host: string; port: number }; members: Member[] } {
    const ingress = this.#ingresses.find((one) => one.engine === engine);
    if (!ingress) throw new RangeError(`no node with engine ${engine}`);
    return { mqtt: ingress.mqtt, members: [ingress.member, ...this.#others] };
  }

  /** Ends the services politely, as a profile is written only then. */
  async stopServices(): Promise<void> {
    await Promise.all(this.#services.map((service) => service.stop()));
  }

  /** Log lines that are warnings or worse since all services were ready, with the name of the service. */
  complaints(): string[] {
    return complaintsOf(this.#members, this.#ready);
  }

  keepLogs(folder: string): void {
    keepLogs(this.#members, folder);
  }

  get #members(): Member[] {
    return [...this.#ingresses.map(({ member }) => member), ...this.#others];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }
}

/** What reports and files call a process. */
export function labelOf(name: string, engine: EngineChoice): string {
  return engine === 'default' ? name : `${name}-${engine}`;
}

async function createTopic(brokers: string[], partitions: number): Promise<void> {
  await using admin = new KafkaAdmin({ brokers, clientId: 'bench' });
  await admin.createTopics([{ topic: KAFKA_TOPIC, partitions, replication: 1 }]);
}

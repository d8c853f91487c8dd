import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { KafkaAdmin } from '@tributary/kafka';
import {
  prepareKafka,
  Proc,
  provisionNats,
  startKafka,
  startNats,
  TemporaryFolder,
  until,
  type Progress,
} from '@tributary/testing';
import { SERVICES, type PipelineOptions, type ServiceName } from '../bench-options.ts';
import { processUsage, type ProcessUsage } from '../measure/process-usage.ts';
import { profileFlags } from '../report/cpu-profile.ts';
import { applyMapping } from './apply-mapping.ts';
import { BENCH_MAPPING, KAFKA_TOPIC } from './bench-mapping.ts';

const MIB = 1024 * 1024;
const READY_MS = 90_000;
/** As `npm start` has it. */
const MAX_PAYLOAD = 8 * MIB;
const MAX_STORE = 2 ** 42;
// The consumer reads at the end of the topic: what lies further back than this need not fill the disk in a long run.
const RETENTION = {
  'log.segment.bytes': 128 * MIB,
  'log.retention.bytes': 512 * MIB,
  'log.retention.check.interval.ms': 10_000,
};

interface Member {
  name: string;
  /** Undefined where only the client of a container runs here. */
  pid: number | undefined;
  log: string;
}

/** A platform for measuring: real servers and all services from source, each a process, on free ports, with a folder that goes with it. */
export class BenchPlatform implements AsyncDisposable {
  readonly members: readonly Member[];
  readonly mqtt: { host: string; port: number };
  readonly kafka: { host: string; port: number };
  readonly #services: readonly Proc[];
  readonly #ready = new Date().toISOString();
  readonly #resources: AsyncDisposableStack;

  private constructor(
    members: readonly Member[],
    kafka: string,
    services: readonly Proc[],
    resources: AsyncDisposableStack,
  ) {
    const ingress = services.find(({ name }) => name === 'mqtt-ingress');
    this.members = members;
    this.mqtt = hostAndPort(ingress?.endpoint('mqtt') ?? '');
    this.kafka = hostAndPort(`kafka://${kafka}`);
    this.#services = services;
    this.#resources = resources;
  }

  static async start(options: PipelineOptions, progress: Progress): Promise<BenchPlatform> {
    await using resources = new AsyncDisposableStack();
    await provisionNats(progress);
    await prepareKafka(progress);
    const folder = resources.use(new TemporaryFolder('bench'));
    const log = (name: string): string => join(folder.path, `${name}.log`);
    const [nats, kafka] = await progress('starting NATS and Kafka', () =>
      Promise.all([
        startNats({
          dataFolder: join(folder.path, 'nats'),
          logFile: log('nats-server'),
          maxPayload: MAX_PAYLOAD,
          maxStore: MAX_STORE,
        }),
        startKafka({
          dataFolder: join(folder.path, 'kafka'),
          logFile: log('kafka'),
          properties: RETENTION,
        }),
      ]),
    );
    resources.use(nats);
    resources.use(kafka);
    await createTopic(kafka.brokers, options.partitions);
    const start = (name: ServiceName): Promise<Proc> =>
      Proc.start(name, {
        settings: serviceSettings(name, nats.url, options),
        env: { KAFKA_BROKERS: kafka.brokers.join(',') },
        nodeArgs: profileFlags(name, options.profile),
        logFile: log(name),
        waitFor: 'endpoints',
        readyTimeoutMs: READY_MS,
      });
    const services = await progress('starting the services', () => Promise.all(SERVICES.map(start)));
    for (const service of services) resources.use(service);
    const control = services.find(({ name }) => name === 'control-plane');
    await applyMapping(control?.endpoint('grpc') ?? '', BENCH_MAPPING);
    await progress('waiting until every service is ready', () => allReady(services));
    const members = [
      ...services.map(({ name, pid }) => ({ name, pid, log: log(name) })),
      ...[nats, kafka].map(({ process: { launch, pid } }) => ({
        name: launch.name,
        pid: launch.container === undefined ? pid : undefined,
        log: log(launch.name),
      })),
    ];
    return new BenchPlatform(members, kafka.brokers[0] ?? '', services, resources.move());
  }

  /** Ends the services politely, as a profile is written only then. */
  async stopServices(): Promise<void> {
    await Promise.all(this.#services.map((service) => service.stop()));
  }

  /** Log lines that are warnings or worse since all services were ready, with the name of the service. */
  complaints(): string[] {
    return this.members.flatMap(({ name, log }) => {
      if (!existsSync(log)) return [];
      const lines = readFileSync(log, 'utf8').split('\n');
      return lines
        .filter((line) => (complainedAt(line) ?? '') > this.#ready)
        .map((line) => `${name}: ${line}`);
    });
  }

  /** Copies the logs of all processes into a folder. */
  keepLogs(folder: string): void {
    mkdirSync(folder, { recursive: true });
    for (const { name, log } of this.members)
      if (existsSync(log)) copyFileSync(log, join(folder, `${name}.log`));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }
}

/** CPU time and memory of a process; undefined where the system does not tell. */
export function usageOf(pid: number | undefined): ProcessUsage | undefined {
  return pid === undefined ? undefined : processUsage(pid);
}

function serviceSettings(
  name: ServiceName,
  nats: string,
  { producer, set }: PipelineOptions,
): Record<string, string | number | readonly string[]> {
  const own: Record<string, string | number> = {};
  if (name === 'mqtt-ingress') own['mqtt.port'] = own['websocket.port'] = 0;
  if (name === 'kafka-egress') own['egress.driver'] = producer;
  for (const { service, key, value } of set) if (service === name) own[key] = value;
  return { 'nats.servers': [nats], ...own };
}

async function createTopic(brokers: string[], partitions: number): Promise<void> {
  await using admin = new KafkaAdmin({ brokers, clientId: 'bench' });
  await admin.createTopics([{ topic: KAFKA_TOPIC, partitions, replication: 1 }]);
}

async function allReady(services: readonly Proc[]): Promise<void> {
  for (const service of services) {
    const ready = async (): Promise<boolean> => {
      const response = await service.get('/readyz');
      if (!response.ok) throw new Error(await response.text());
      return true;
    };
    await until(ready, { what: `${service.name} is ready`, timeoutMs: READY_MS, intervalMs: 50 });
  }
}

function hostAndPort(url: string): { host: string; port: number } {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: Number(port) };
}

// The services' log lines are JSON objects that begin with level and time.
function complainedAt(line: string): string | undefined {
  return /^\{"level":"(?:warn|error|fatal)","time":"([^"]+)"/.exec(line)?.[1];
}

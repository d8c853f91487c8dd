import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ServerProcess } from '../process/server-process.ts';
import { TemporaryFolder } from '../process/temporary-folder.ts';
import { provisionKafka } from '../provision/kafka-program.ts';
import { run } from '../provision/program.ts';
import { freePort } from '../wait/free-port.ts';
import { javaCommand, type Heap } from './java-command.ts';
import { kafkaReady } from './kafka-probe.ts';
import { serverProperties, type KafkaSettings } from './server-properties.ts';

export interface KafkaOptions extends Partial<Omit<KafkaSettings, 'logFolder'>> {
  /** Where state, configuration and (unless `logFile` says otherwise) the log live. Default: a temporary folder. */
  dataFolder?: string;
  logFile?: string;
  /** Of the cluster that its data belongs to, when it has none yet; default a new one. */
  clusterId?: string;
  heap?: Heap;
  /** Further options of the Java virtual machine. */
  javaFlags?: readonly string[];
}

const DEFAULT_HEAP: Heap = { startMb: 256, maxMb: 1024 };

/** One running node of Apache Kafka, broker and controller. It keeps port and data over `restart()`; disposing of it kills it. */
export class KafkaServer implements AsyncDisposable {
  /** `host:port` of this broker, alone. */
  readonly brokers: string[];
  readonly process: ServerProcess;
  readonly #folder: TemporaryFolder | undefined;

  constructor(broker: string, process: ServerProcess, folder: TemporaryFolder | undefined) {
    this.brokers = [broker];
    this.process = process;
    this.#folder = folder;
  }

  get pid(): number {
    return this.process.pid;
  }

  async stop(): Promise<void> {
    await this.process.stop();
  }

  async kill(): Promise<void> {
    await this.process.kill();
  }

  pause(): void {
    this.process.pause();
  }

  resume(): void {
    this.process.resume();
  }

  /** Starts it again after `stop` or `kill`, on the same port and data. */
  async start(): Promise<void> {
    await this.process.start();
  }

  async restart(how: 'stop' | 'kill' = 'stop'): Promise<void> {
    await this.process.restart(how);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process[Symbol.asyncDispose]();
    this.#folder?.[Symbol.dispose]();
  }
}

/** Starts a real Apache Kafka, by default on a free port of 127.0.0.1 with an empty log that goes when it goes. */
export async function startKafka(options: KafkaOptions = {}): Promise<KafkaServer> {
  const {
    dataFolder,
    logFile,
    heap = DEFAULT_HEAP,
    javaFlags = [],
    host = '127.0.0.1',
    member,
    properties,
  } = options;
  const { port = await freePort(), controllerPort = await freePort() } = options;
  const program = await provisionKafka();
  const temporary = dataFolder === undefined ? new TemporaryFolder('kafka') : undefined;
  const folder = resolve(dataFolder ?? temporary?.path ?? '.');
  const logFolder = join(folder, 'log');
  const configFile = join(folder, 'server.properties');
  const container = `tributary-kafka-${port}`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    configFile,
    serverProperties({
      host,
      port,
      controllerPort,
      logFolder,
      ...(member && { member }),
      ...(properties && { properties }),
    }),
  );
  const server = new ServerProcess({
    name: 'kafka',
    ...javaCommand(program, { heap, main: ['kafka.Kafka', configFile], flags: javaFlags, container, folder }),
    env: process.env,
    logFile: logFile ?? join(folder, 'kafka.log'),
    ports: [
      { host, port },
      { host: '127.0.0.1', port: controllerPort },
    ],
    ready: (signal) => kafkaReady(host, port, signal),
    readyTimeoutMs: 120_000,
    stopTimeoutMs: 30_000,
  });
  const handle = new KafkaServer(`${host}:${port}`, server, temporary);
  try {
    if (!existsSync(join(logFolder, 'meta.properties'))) {
      const format = [
        'kafka.tools.StorageTool',
        'format',
        '--cluster-id',
        options.clusterId ?? newClusterId(),
        '--config',
        configFile,
      ];
      const { file, args } = javaCommand(program, {
        heap,
        main: format,
        container: `${container}-format`,
        folder,
      });
      await run(file, args);
    }
    await server.start();
  } catch (error) {
    await handle[Symbol.asyncDispose]();
    throw error;
  }
  return handle;
}

/** A UUID in URL-safe base 64 without padding; one that begins with a dash would be read as an option. */
export function newClusterId(): string {
  const id = randomBytes(16).toString('base64url');
  return id.startsWith('-') ? newClusterId() : id;
}

import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ServerProcess } from '../process/server-process.ts';
import { TemporaryFolder } from '../process/temporary-folder.ts';
import { dockerRun } from '../provision/docker.ts';
import { provisionNats, type NatsProgram } from '../provision/nats-program.ts';
import { freePort } from '../wait/free-port.ts';
import { natsConfig, natsServerName, type NatsSettings } from './nats-config.ts';
import { natsReady } from './nats-probe.ts';

export interface NatsOptions extends Partial<Omit<NatsSettings, 'storeFolder'>> {
  /** Where state, configuration and (unless `logFile` says otherwise) the log live. Default: a temporary folder. */
  dataFolder?: string;
  logFile?: string;
}

/** A running nats-server with JetStream. It keeps port and store over `restart()`; disposing of it kills it. */
export class NatsServer implements AsyncDisposable {
  /** `nats://host:port` */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** As JetStream names it among the replicas of a stream. */
  readonly name: string;
  /** `http://host:port` of its monitoring, where the options ask for it. */
  readonly monitor: string | undefined;
  readonly process: ServerProcess;
  readonly #folder: TemporaryFolder | undefined;

  constructor(
    { host, port, monitorPort }: Pick<NatsSettings, 'host' | 'port' | 'monitorPort'>,
    process: ServerProcess,
    folder: TemporaryFolder | undefined,
  ) {
    this.url = `nats://${host}:${port}`;
    this.host = host;
    this.port = port;
    this.name = natsServerName(port);
    this.monitor = monitorPort === undefined ? undefined : `http://${host}:${monitorPort}`;
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

  /** Starts it again after `stop` or `kill`, on the same port and store. */
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

/** Starts a real nats-server, by default on a free port of 127.0.0.1 with an empty store that goes when it goes. */
export async function startNats(options: NatsOptions = {}): Promise<NatsServer> {
  const { dataFolder, logFile, host = '127.0.0.1', port = await freePort(), ...settings } = options;
  const program = await provisionNats();
  const temporary = dataFolder === undefined ? new TemporaryFolder('nats') : undefined;
  const folder = resolve(dataFolder ?? temporary?.path ?? '.');
  const storeFolder = join(folder, 'store');
  const configFile = join(folder, 'nats-server.conf');
  mkdirSync(storeFolder, { recursive: true });
  writeFileSync(configFile, natsConfig({ host, port, storeFolder, ...settings }));
  const server = new ServerProcess({
    name: 'nats-server',
    ...command(program, port, folder, configFile),
    env: process.env,
    logFile: logFile ?? join(folder, 'nats-server.log'),
    ports: [{ host, port }],
    ready: (signal) => natsReady(host, port, signal),
    readyTimeoutMs: 60_000,
    stopTimeoutMs: 15_000,
  });
  const { monitorPort } = settings;
  const address = { host, port, ...(monitorPort !== undefined && { monitorPort }) };
  const handle = new NatsServer(address, server, temporary);
  try {
    await server.start();
  } catch (error) {
    await handle[Symbol.asyncDispose]();
    throw error;
  }
  return handle;
}

function command(program: NatsProgram, port: number, folder: string, configFile: string) {
  if (program.kind === 'binary') return { file: program.file, args: ['--config', configFile] };
  const container = `tributary-nats-${port}`;
  return {
    file: 'docker',
    args: dockerRun(program.image, container, [folder], ['nats-server', '--config', configFile]),
    container,
  };
}

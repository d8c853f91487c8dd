import { setTimeout as delay } from 'node:timers/promises';
import { prepareKafka, Proc, provisionNats, startKafka, startNats, type Progress } from '@tributary/testing';
import { DevError } from '../errors.ts';
import { MappingClient } from '../mapping/mapping-client.ts';
import { MappingFile } from '../mapping/mapping-file.ts';
import type { StartOptions } from '../start-options.ts';
import { requireKafka, requireNats } from './ask-server.ts';
import type { DataFolder } from './data-folder.ts';
import { portsFor, requireFree, type Ports, type PortUse } from './ports.ts';
import type { ProcessDescription, RunDescription } from './run-file.ts';
import { serviceTable, type ServiceEntry } from './service-table.ts';
import { Supervisor, type Supervised } from './supervisor.ts';

const READY_MS = 90_000;
// More than any disk of a development machine: there the disk itself is the bound.
const MAX_STORE = 2 ** 42;
// So that the largest packet a device may send fits with its envelope.
const MAX_PAYLOAD = 8 * 1024 * 1024;

interface Part {
  supervisor: Supervisor;
  endpoints: () => Readonly<Record<string, string>>;
}

interface ServicePart extends Part {
  facesDevices: boolean;
}

export interface PlatformScreen {
  say: (line: string) => void;
  progress: Progress;
}

/** Everything that `npm start` runs. Whoever makes one calls `stop` or `kill`, also after a failed `start`. */
export class Platform {
  readonly #options: StartOptions;
  readonly #data: DataFolder;
  readonly #screen: PlatformScreen;
  readonly #ports: Ports;
  readonly #nats: string;
  readonly #kafka: string;
  readonly #started = new Date().toISOString();
  readonly #services: ServicePart[] = [];
  readonly #servers: Part[] = [];
  #mapping: MappingFile | undefined;
  #client: MappingClient | undefined;
  #changed: () => void = () => undefined;

  constructor(options: StartOptions, data: DataFolder, screen: PlatformScreen) {
    this.#options = options;
    this.#data = data;
    this.#screen = screen;
    this.#ports = portsFor(options.portOffset, options.ingress);
    this.#nats = options.nats ?? `nats://127.0.0.1:${this.#ports.nats}`;
    this.#kafka = options.kafka ?? `${options.host}:${this.#ports.kafka}`;
  }

  /** Starts everything and applies the mapping. `changed` is called whenever `describe` gives something new. */
  async start(changed: () => void): Promise<void> {
    const { progress } = this.#screen;
    const entries = serviceTable(this.#ports, this.#options.host, this.#nats);
    await requireFree([...this.#serverPorts(), ...entries.flatMap(({ ports }) => ports)]);
    await progress('starting NATS and Kafka', () => this.#startServers());
    await progress('starting the services', () => this.#startServices(entries));
    await this.#applyMapping();
    await progress('waiting until every service is ready', () => this.#allReady());
    this.#changed = changed;
    this.#mapping?.watch();
  }

  describe(): RunDescription {
    const { host, data } = this.#options;
    const nodes = this.#ports.ingress;
    const mqttNodes = nodes.map(({ mqtt }) => `mqtt://${host}:${mqtt}`);
    const websocketNodes = nodes.map(({ websocket }) => `ws://${host}:${websocket}/mqtt`);
    return {
      supervisor: process.pid,
      started: this.#started,
      data,
      mqtt: mqttNodes[0] ?? '',
      websocket: websocketNodes[0] ?? '',
      kafka: this.#kafka.split(','),
      nats: this.#nats,
      control: `127.0.0.1:${this.#ports.controlPlane.grpc}`,
      mqttNodes,
      websocketNodes,
      mapping: { file: this.#options.mapping, version: this.#mapping?.version ?? 0 },
      processes: [...this.#services, ...this.#servers].map((part) => this.#describePart(part)),
    };
  }

  /** The health page of each service, by its name. */
  healthPages(): [name: string, url: string][] {
    return this.#services.map(({ supervisor, endpoints }) => [
      supervisor.name,
      `http://${endpoints()['http']}/readyz`,
    ]);
  }

  /**
   * What devices talk to stops first, so that they are told while all the rest still works, and the servers last. In
   * between no order matters: what one service has not passed on is in the log or in OUT.
   */
  async stop(): Promise<void> {
    this.#mapping?.[Symbol.dispose]();
    this.#client?.[Symbol.dispose]();
    const stop = (parts: readonly Part[]) => Promise.all(parts.map(({ supervisor }) => supervisor.stop()));
    await stop(this.#services.filter(({ facesDevices }) => facesDevices));
    await stop(this.#services.filter(({ facesDevices }) => !facesDevices));
    await stop(this.#servers);
  }

  async kill(): Promise<void> {
    await Promise.all([...this.#services, ...this.#servers].map(({ supervisor }) => supervisor.kill()));
  }

  #serverPorts(): PortUse[] {
    const local = '127.0.0.1';
    const { nats, natsMonitor, kafka, kafkaController } = this.#ports;
    const ofNats = [
      { what: 'NATS (or use yours with --nats URL)', host: local, port: nats },
      { what: 'monitoring of NATS', host: local, port: natsMonitor },
    ];
    const ofKafka = [
      { what: 'Kafka (or use yours with --kafka BROKERS)', host: this.#options.host, port: kafka },
      { what: 'controller of Kafka', host: local, port: kafkaController },
    ];
    return [...(this.#options.nats ? [] : ofNats), ...(this.#options.kafka ? [] : ofKafka)];
  }

  async #startServers(): Promise<void> {
    const { progress } = this.#screen;
    const { nats, kafka } = this.#options;
    // One after the other while something is built or fetched, so that the screen can be read; then side by side.
    if (!nats) await provisionNats(progress);
    if (!kafka) await prepareKafka(progress);
    await Promise.all([
      nats ? requireNats(nats) : this.#startNats(),
      kafka ? requireKafka(kafka) : this.#startKafka(),
    ]);
  }

  async #startNats(): Promise<void> {
    const { nats: port, natsMonitor: monitorPort } = this.#ports;
    const [dataFolder, logFile] = [this.#data.nats, this.#data.log('nats-server')];
    const limits = { maxPayload: MAX_PAYLOAD, maxStore: MAX_STORE };
    const server = await startNats({ port, monitorPort, dataFolder, logFile, ...limits });
    const endpoints = { nats: server.url, http: `127.0.0.1:${monitorPort}` };
    this.#servers.push(this.#supervise('nats-server', server.process, () => endpoints));
  }

  async #startKafka(): Promise<void> {
    const { kafka: port, kafkaController: controllerPort } = this.#ports;
    const { host } = this.#options;
    const [dataFolder, logFile] = [this.#data.kafka, this.#data.log('kafka')];
    const server = await startKafka({ host, port, controllerPort, dataFolder, logFile });
    const endpoints = { kafka: this.#kafka };
    this.#servers.push(this.#supervise('kafka', server.process, () => endpoints));
  }

  /**
   * A server of the user's keeps its state when ours is discarded: positions in Kafka and OUT then belong to different
   * logs, where kafka-egress would stop and ask.
   */
  #egressSettings(): ServiceEntry['settings'] {
    const { fresh, kafka, nats } = this.#options;
    if (!fresh || (kafka === undefined && nats === undefined)) return {};
    this.#screen.say('--fresh: kafka-egress begins anew, whatever position Kafka holds of an earlier log');
    return { 'egress.unknownPosition': 'restart' };
  }

  async #startServices(entries: readonly ServiceEntry[]): Promise<void> {
    const started = await Promise.allSettled(
      entries.map(async ({ name, app, settings }) => {
        const proc = await Proc.start(app, {
          settings: { ...settings, ...(app === 'kafka-egress' && this.#egressSettings()) },
          env: { KAFKA_BROKERS: this.#kafka },
          logFile: this.#data.log(name),
          waitFor: 'endpoints',
          readyTimeoutMs: READY_MS,
        });
        return { ...this.#supervise(name, proc, () => proc.endpoints), facesDevices: app === 'mqtt-ingress' };
      }),
    );
    for (const result of started) if (result.status === 'fulfilled') this.#services.push(result.value);
    const failed = started.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
  }

  async #applyMapping(): Promise<void> {
    this.#client = new MappingClient(this.describe().control);
    this.#mapping = new MappingFile(this.#options.mapping, this.#client, this.#screen.say, () =>
      this.#changed(),
    );
    await this.#mapping.applyAtStart();
  }

  async #allReady(): Promise<void> {
    const deadline = performance.now() + READY_MS;
    for (const [name, url] of this.healthPages()) {
      for (;;) {
        const state = await readiness(url);
        if (state === 'ready') break;
        // Without a mapping some services have nothing to be ready for, and the file is watched.
        if (this.#mapping?.version === 0) break;
        if (performance.now() > deadline)
          throw new DevError('not-ready', `${name} is not ready: ${state}\nsee ${url}`);
        await delay(50);
      }
    }
  }

  #supervise(name: string, process: Supervised, endpoints: Part['endpoints']): Part {
    return { supervisor: new Supervisor(name, process, this.#screen.say, () => this.#changed()), endpoints };
  }

  #describePart({ supervisor, endpoints }: Part): ProcessDescription {
    const { name, process } = supervisor;
    return { name, pid: process.pid, log: this.#data.log(name), endpoints: endpoints() };
  }
}

async function readiness(url: string): Promise<string> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(5000) });
    return response.ok ? 'ready' : await response.text();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

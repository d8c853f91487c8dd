import { credentials } from '@grpc/grpc-js';
import { MappingServiceClient, type ApplyResponse } from '@tributary/contracts/control';
import {
  freePort,
  Proc,
  sharedKafka,
  startKafka,
  startNats,
  uniqueName,
  type KafkaServer,
  type NatsServer,
} from '@tributary/testing';

export interface PlatformOptions {
  /** Ingress nodes; default 1. */
  ingress?: number;
  mapping: string;
  /** A Kafka of its own, which the test may kill; default the one that tests share. */
  ownKafka?: boolean;
  /** Servers of the test, which keeps them; default a nats-server of the platform's own, and Kafka as `ownKafka` says. */
  servers?: PlatformServers;
  /** Of all services that know them, by their key. */
  settings?: Readonly<Record<string, string | number>>;
  /** Of one service, by its name. */
  own?: Readonly<Record<string, Readonly<Record<string, string | number>>>>;
  /** What the mapping finds by `${env:...}`, besides KAFKA_BROKERS. */
  env?: Readonly<Record<string, string>>;
}

export interface PlatformServers {
  nats: readonly string[];
  brokers: readonly string[];
  /** Copies of every stream and bucket. */
  replicas: number;
}

const LEASE_MS = 4_000;

/** All services as processes of their own, on a real nats-server and a real Kafka. */
export class Platform implements AsyncDisposable {
  readonly kafka: KafkaServer | null;
  readonly natsUrls: readonly string[];
  readonly brokers: string[];
  /** By name: `mqtt-ingress-0`, `session-state`, ... */
  readonly services = new Map<string, Proc>();
  readonly #stack: AsyncDisposableStack;
  readonly #nats: NatsServer | null;
  readonly #replicas: number;
  readonly #options: PlatformOptions;

  private constructor(
    stack: AsyncDisposableStack,
    options: PlatformOptions,
    own: { nats: NatsServer | null; kafka: KafkaServer | null },
    servers: PlatformServers,
  ) {
    this.#stack = stack;
    this.#options = options;
    this.#nats = own.nats;
    this.kafka = own.kafka;
    this.natsUrls = servers.nats;
    this.brokers = [...servers.brokers];
    this.#replicas = servers.replicas;
  }

  /** Starts it and applies the mapping. */
  static async start(options: PlatformOptions): Promise<Platform> {
    const { ingress = 1, mapping, ownKafka = false, servers } = options;
    const stack = new AsyncDisposableStack();
    try {
      const nats = servers ? null : stack.use(await startNats());
      const kafka = ownKafka && !servers ? stack.use(await startKafka()) : null;
      const used = servers ?? {
        nats: nats ? [nats.url] : [],
        brokers: kafka?.brokers ?? (await sharedKafka()),
        replicas: 1,
      };
      const platform = new Platform(stack, options, { nats, kafka }, used);
      const positions = { 'egress.positionsTopic': uniqueName('positions') };
      const starting = [
        ...Array.from({ length: ingress }, (_, node) => platform.#startIngress(node)),
        platform.#startService('session-state'),
        platform.#startService('topic-mapper'),
        platform.#startService('kafka-egress', positions),
        platform.#startService('control-plane'),
      ];
      for (const outcome of await Promise.allSettled(starting)) {
        if (outcome.status === 'rejected') throw outcome.reason;
      }
      const { applied, findings } = await platform.apply(mapping);
      if (!applied) throw new Error(`the mapping was refused: ${JSON.stringify(findings)}`);
      return platform;
    } catch (error) {
      await stack.disposeAsync();
      throw error;
    }
  }

  /** The one nats-server, where the test has not brought its own. */
  get nats(): NatsServer {
    if (this.#nats === null) throw new Error('this platform runs on NATS servers that the test keeps');
    return this.#nats;
  }

  service(name: string): Proc {
    const proc = this.services.get(name);
    if (proc === undefined)
      throw new Error(`no service ${name}, only ${[...this.services.keys()].join(', ')}`);
    return proc;
  }

  /** `mqtt://host:port` of a node; it keeps its port when it is killed and started again. */
  mqtt(node = 0): string {
    return this.service(`mqtt-ingress-${node}`).endpoint('mqtt');
  }

  apply(text: string): Promise<ApplyResponse> {
    const client = new MappingServiceClient(
      this.service('control-plane').endpoint('grpc'),
      credentials.createInsecure(),
    );
    const request = { text, source: 'test', author: 'test', comment: '', expectedVersion: 0 };
    return new Promise<ApplyResponse>((resolve, reject) => {
      client.apply(request, (error, response) => (error ? reject(error) : resolve(response)));
    }).finally(() => client.close());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }

  async #startIngress(node: number): Promise<void> {
    const own = {
      'service.instance': `node-${node}`,
      'mqtt.port': await freePort(),
      'websocket.port': await freePort(),
    };
    await this.#startService('mqtt-ingress', own, `mqtt-ingress-${node}`);
  }

  async #startService(app: string, own: Record<string, string | number> = {}, name = app): Promise<void> {
    const settings = {
      'nats.servers': [...this.natsUrls],
      'log.partitions': 4,
      'lease.ttlMs': LEASE_MS,
      'service.instance': name,
      'log.replicas': this.#replicas,
      ...this.#options.settings,
      ...this.#options.own?.[app],
      ...own,
    };
    const env = { KAFKA_BROKERS: this.brokers.join(','), ...this.#options.env };
    this.services.set(name, this.#stack.use(await Proc.start(app, { settings, env })));
  }
}

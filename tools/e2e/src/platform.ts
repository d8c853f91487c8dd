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
  /** Settings of a service beside those that all get, by its name. */
  settings?: Readonly<Record<string, Readonly<Record<string, string | number>>>>;
}

const LEASE_MS = 4_000;

/** All services as processes of their own, on a real nats-server and a real Kafka. */
export class Platform implements AsyncDisposable {
  readonly nats: NatsServer;
  readonly kafka: KafkaServer | null;
  readonly brokers: string[];
  /** By name: `mqtt-ingress-0`, `session-state`, ... */
  readonly services = new Map<string, Proc>();
  readonly #stack: AsyncDisposableStack;
  readonly #settings: NonNullable<PlatformOptions['settings']>;

  private constructor(
    stack: AsyncDisposableStack,
    nats: NatsServer,
    kafka: KafkaServer | null,
    brokers: string[],
    settings: NonNullable<PlatformOptions['settings']>,
  ) {
    this.#stack = stack;
    this.nats = nats;
    this.kafka = kafka;
    this.brokers = brokers;
    this.#settings = settings;
  }

  /** Starts it and applies the mapping. */
  static async start({
    ingress = 1,
    mapping,
    ownKafka = false,
    settings = {},
  }: PlatformOptions): Promise<Platform> {
    const stack = new AsyncDisposableStack();
    try {
      const nats = stack.use(await startNats());
      const kafka = ownKafka ? stack.use(await startKafka()) : null;
      const brokers = kafka?.brokers ?? (await sharedKafka());
      const platform = new Platform(stack, nats, kafka, brokers, settings);
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
      'nats.servers': [this.nats.url],
      'log.partitions': 4,
      'lease.ttlMs': LEASE_MS,
      'service.instance': name,
      ...this.#settings[app],
      ...own,
    };
    const env = { KAFKA_BROKERS: this.brokers.join(',') };
    this.services.set(name, this.#stack.use(await Proc.start(app, { settings, env })));
  }
}

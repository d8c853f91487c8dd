import type { ApplyResponse } from '@tributary/contracts/control';
import { freePort } from '../wait/free-port.ts';
import { Proc, type ProcOptions } from './proc.ts';

type Settings = NonNullable<ProcOptions['settings']>;

export interface ServicesOptions {
  /** NATS addresses for a service, by its name: all the same, or each its own. */
  nats: (name: string) => readonly string[] | Promise<readonly string[]>;
  brokers: readonly string[];
  /** Ingress nodes; default 1. */
  ingress?: number;
  /** Of session-state, topic-mapper and kafka-egress each; default 1. */
  instances?: number;
  /** For all services. */
  settings?: Settings;
  /** What the services of an app have besides, by its name. */
  own?: Readonly<Record<string, Settings>>;
  /** What a mapping finds by `${env:...}`, besides KAFKA_BROKERS. */
  env?: Readonly<Record<string, string>>;
}

/** How long an instance that does not renew its lease is taken for alive, in ms. */
export const LEASE_MS = 4_000;

const SHARED_WORK = ['session-state', 'topic-mapper', 'kafka-egress'];

/** All services as processes of their own: `mqtt-ingress-0`, `topic-mapper`, its second instance `topic-mapper-2`, ... */
export class Services implements AsyncDisposable {
  readonly #options: ServicesOptions;
  readonly #procs = new Map<string, Proc>();
  readonly #stack = new AsyncDisposableStack();

  private constructor(options: ServicesOptions) {
    this.#options = options;
  }

  static async start(options: ServicesOptions): Promise<Services> {
    const services = new Services(options);
    const { ingress = 1, instances = 1 } = options;
    const several = (count: number, name: (n: number) => string): string[] =>
      Array.from({ length: count }, (_, n) => name(n));
    const starting = [
      ...several(ingress, (node) => `mqtt-ingress-${node}`).map((name) => services.add('mqtt-ingress', name)),
      ...SHARED_WORK.flatMap((app) =>
        several(instances, (n) => (n === 0 ? app : `${app}-${n + 1}`)).map((name) => services.add(app, name)),
      ),
      services.add('control-plane'),
    ];
    const outcomes = await Promise.allSettled(starting);
    for (const outcome of outcomes) {
      if (outcome.status === 'fulfilled') continue;
      await services[Symbol.asyncDispose]();
      throw outcome.reason;
    }
    return services;
  }

  /** The names of all. */
  get names(): string[] {
    return [...this.#procs.keys()].toSorted();
  }

  /** One by its name; an error names those there are. */
  get(name: string): Proc {
    const proc = this.#procs.get(name);
    if (proc === undefined) throw new Error(`no service ${name}, only ${this.names.join(', ')}`);
    return proc;
  }

  /** The names of all instances of an app. */
  of(app: string): string[] {
    return this.names.filter((name) => name.startsWith(app) && /^(-\d+)?$/.test(name.slice(app.length)));
  }

  /** Starts one more; what it gets besides wins over what all get. */
  async add(
    app: string,
    name = app,
    options: Pick<ProcOptions, 'settings' | 'nodeArgs' | 'env'> = {},
  ): Promise<Proc> {
    const { nats, brokers, settings, own, env } = this.#options;
    const ports = app === 'mqtt-ingress' && {
      'mqtt.port': await freePort(),
      'websocket.port': await freePort(),
    };
    const proc = await Proc.start(app, {
      ...options,
      settings: {
        'nats.servers': await nats(name),
        'log.partitions': 4,
        'lease.ttlMs': LEASE_MS,
        'service.instance': name,
        ...ports,
        ...settings,
        ...own?.[app],
        ...options.settings,
      },
      env: { KAFKA_BROKERS: brokers.join(','), ...env, ...options.env },
    });
    this.#procs.set(name, this.#stack.use(proc));
    return proc;
  }

  /** Ends one that was added, for good. */
  async remove(name: string): Promise<void> {
    await this.get(name)[Symbol.asyncDispose]();
    this.#procs.delete(name);
  }

  /** `mqtt://host:port` of a node; it keeps its port when it is killed and started again. */
  mqtt(node: number): string {
    return this.get(`mqtt-ingress-${node}`).endpoint('mqtt');
  }

  /** Applies a mapping. An error if it is refused, with the findings. */
  async apply(text: string): Promise<ApplyResponse> {
    // Only who applies a mapping pays for loading gRPC.
    const { credentials } = await import('@grpc/grpc-js');
    const { MappingServiceClient } = await import('@tributary/contracts/control');
    const address = this.get('control-plane').endpoint('grpc');
    const client = new MappingServiceClient(address, credentials.createInsecure());
    const request = { text, source: 'test', author: 'test', comment: '', expectedVersion: 0 };
    try {
      const response = await new Promise<ApplyResponse>((resolve, reject) => {
        client.apply(request, (error, answer) => (error ? reject(error) : resolve(answer)));
      });
      if (!response.applied) throw new Error(`the mapping was refused: ${JSON.stringify(response.findings)}`);
      return response;
    } finally {
      client.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

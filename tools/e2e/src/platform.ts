import type { ApplyResponse } from '@tributary/contracts/control';
import {
  Services,
  sharedKafka,
  startKafka,
  startNats,
  uniqueName,
  type KafkaServer,
  type NatsServer,
  type Proc,
  type ServicesOptions,
} from '@tributary/testing';

export interface PlatformOptions extends Pick<ServicesOptions, 'ingress' | 'settings' | 'own' | 'env'> {
  mapping: string;
  /** A Kafka of its own, which the test may kill; default the one that tests share. */
  ownKafka?: boolean;
}

/** All services as processes of their own, on a real nats-server and a real Kafka. */
export class Platform implements AsyncDisposable {
  readonly nats: NatsServer;
  /** Null where it is the one that tests share. */
  readonly kafka: KafkaServer | null;
  readonly brokers: string[];
  readonly services: Services;
  readonly #stack: AsyncDisposableStack;

  private constructor(
    stack: AsyncDisposableStack,
    servers: { nats: NatsServer; kafka: KafkaServer | null; brokers: string[] },
    services: Services,
  ) {
    this.#stack = stack;
    this.nats = servers.nats;
    this.kafka = servers.kafka;
    this.brokers = servers.brokers;
    this.services = services;
  }

  /** Starts it and applies the mapping. */
  static async start(options: PlatformOptions): Promise<Platform> {
    const { mapping, ownKafka = false, own = {}, ...rest } = options;
    await using stack = new AsyncDisposableStack();
    const nats = stack.use(await startNats());
    const kafka = ownKafka ? stack.use(await startKafka()) : null;
    const brokers = kafka?.brokers ?? (await sharedKafka());
    const egress = { 'egress.positionsTopic': uniqueName('positions'), ...own['kafka-egress'] };
    const services = stack.use(
      await Services.start({
        ...rest,
        nats: () => [nats.url],
        brokers,
        own: { ...own, 'kafka-egress': egress },
      }),
    );
    await services.apply(mapping);
    return new Platform(stack.move(), { nats, kafka, brokers }, services);
  }

  service(name: string): Proc {
    return this.services.get(name);
  }

  /** `mqtt://host:port` of a node; it keeps its port when it is killed and started again. */
  mqtt(node = 0): string {
    return this.services.mqtt(node);
  }

  apply(text: string): Promise<ApplyResponse> {
    return this.services.apply(text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

import { Services, sharedKafka, startNats, uniqueName, type NatsServer } from '@tributary/testing';

export interface PlatformOptions {
  /** Ingress nodes; default 1. */
  ingress?: number;
  mapping: string;
}

/** All services as processes of their own, on a real nats-server and the Kafka that tests share. */
export class Platform implements AsyncDisposable {
  readonly nats: NatsServer;
  readonly brokers: readonly string[];
  readonly services: Services;
  readonly #stack: AsyncDisposableStack;

  private constructor(stack: AsyncDisposableStack, nats: NatsServer, brokers: string[], services: Services) {
    this.#stack = stack;
    this.nats = nats;
    this.brokers = brokers;
    this.services = services;
  }

  /** Starts it and applies the mapping. */
  static async start({ ingress = 1, mapping }: PlatformOptions): Promise<Platform> {
    await using stack = new AsyncDisposableStack();
    const nats = stack.use(await startNats());
    const brokers = await sharedKafka();
    const own = { 'kafka-egress': { 'egress.positionsTopic': uniqueName('positions') } };
    const services = stack.use(await Services.start({ nats: () => [nats.url], brokers, ingress, own }));
    await services.apply(mapping);
    return new Platform(stack.move(), nats, brokers, services);
  }

  /** `mqtt://host:port` of a node. */
  mqtt(node = 0): string {
    return this.services.mqtt(node);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

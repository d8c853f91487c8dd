import { test, type TestOptions } from 'node:test';
import {
  createAedesEngine,
  createNativeEngine,
  listenTcp,
  type AuthenticationExchange,
  type AuthenticationVerdict,
  type EngineOptions,
  type Closure,
  type ConnectRequest,
  type ConnectVerdict,
  type EngineConnection,
  type EngineHost,
  type InboundPublish,
  type Listener,
  type MqttEngine,
  type SubscribeRequest,
  type UnsubscribeRequest,
} from '../../src/mod.ts';
import { aedesExceptions, type AedesException } from './aedes-exceptions.ts';
import { connect, type ConnectFields } from './packets.ts';
import { RawClient } from './raw-client.ts';

export interface Published extends InboundPublish {
  connection: EngineConnection;
}

/** A host that writes down what it is told. By default it accepts and answers everything at once. */
export class RecordingHost implements EngineHost {
  readonly connects: ConnectRequest[] = [];
  readonly connections: EngineConnection[] = [];
  readonly publishes: Published[] = [];
  readonly releases: number[] = [];
  readonly subscribes: SubscribeRequest[] = [];
  readonly unsubscribes: UnsubscribeRequest[] = [];
  readonly acknowledgements: string[] = [];
  readonly closures: Closure[] = [];
  /** Everything in order, one line each. */
  readonly events: string[] = [];
  drains = 0;
  /** Answer at once; off: the test answers. */
  answering = true;
  verdict: (request: ConnectRequest, connection: EngineConnection) => Promise<ConnectVerdict> = () =>
    Promise.resolve({ accept: true });
  onAuthenticate: (
    exchange: AuthenticationExchange,
    connection: EngineConnection,
  ) => Promise<AuthenticationVerdict> = () => Promise.resolve({ accept: true });
  onPublish: (publish: Published) => void = () => {};
  onClosed: (how: Closure) => void | Promise<void> = () => {};
  #waiting: (() => void)[] = [];

  connect(request: ConnectRequest, connection: EngineConnection): Promise<ConnectVerdict> {
    this.connects.push(request);
    this.connections.push(connection);
    this.#note(`connect ${request.clientId}`);
    return this.verdict(request, connection);
  }

  authenticate(
    connection: EngineConnection,
    exchange: AuthenticationExchange,
  ): Promise<AuthenticationVerdict> {
    this.#note(`authenticate ${exchange.method}`);
    return this.onAuthenticate(exchange, connection);
  }

  publish(connection: EngineConnection, publish: InboundPublish): void {
    const published = { ...publish, connection };
    this.publishes.push(published);
    this.#note(`publish ${publish.topic} ${publish.qos}`);
    this.onPublish(published);
    const { qos, packetId } = publish;
    if (this.answering && qos > 0) connection.acknowledge(packetId, qos === 1 ? 1 : 2, 0);
  }

  release(connection: EngineConnection, packetId: number): void {
    this.releases.push(packetId);
    this.#note(`release ${packetId}`);
    if (this.answering) connection.complete(packetId, 0);
  }

  subscribe(connection: EngineConnection, request: SubscribeRequest): void {
    this.subscribes.push(request);
    this.#note(`subscribe ${request.packetId}`);
    if (this.answering) {
      connection.subscribed(
        request.packetId,
        request.subscriptions.map(({ qos }) => qos),
      );
    }
  }

  unsubscribe(connection: EngineConnection, request: UnsubscribeRequest): void {
    this.unsubscribes.push(request);
    this.#note(`unsubscribe ${request.packetId}`);
    if (this.answering) {
      connection.unsubscribed(
        request.packetId,
        request.filters.map(() => 0),
      );
    }
  }

  acknowledged(connection: EngineConnection, packetId: number, stage: string, reason: number): void {
    this.acknowledgements.push(`${stage} ${packetId} ${reason}`);
    this.#note(`${stage} ${packetId}`);
    if (this.answering && stage === 'pubrec' && reason < 0x80) connection.release(packetId);
  }

  drained(): void {
    this.drains++;
    this.#note('drained');
  }

  closed(_connection: EngineConnection, how: Closure): void | Promise<void> {
    this.closures.push(how);
    this.#note(`closed ${how.kind}`);
    return this.onClosed(how);
  }

  /** Waits until `condition` holds; it is looked at after each event. */
  async until(condition: () => boolean, what = 'condition'): Promise<void> {
    const deadline = AbortSignal.timeout(10_000);
    while (!condition()) {
      await new Promise<void>((resolve, reject) => {
        this.#waiting.push(resolve);
        deadline.addEventListener(
          'abort',
          () => reject(new Error(`${what} not met; ${this.events.slice(-20).join(', ')}`)),
          { once: true },
        );
      });
    }
  }

  #note(event: string): void {
    this.events.push(event);
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

const ENGINES = { aedes: createAedesEngine, native: createNativeEngine };
export type EngineName = keyof typeof ENGINES;

export type Start = (options?: Partial<EngineOptions>) => Promise<EngineFixture>;

export interface EngineTestOptions extends TestOptions {
  /** The aedes engine cannot do this: there, what a client sees instead is tested. */
  exception?: AedesException;
}

/** A test that every engine must pass, unless it names an exception. */
export function engineTest(
  name: string,
  run: (start: Start, engine: EngineName) => Promise<void>,
  { exception, ...options }: EngineTestOptions = {},
): void {
  for (const engine of ['aedes', 'native'] as const) {
    const start: Start = (given) => EngineFixture.start(engine, given);
    if (engine === 'native' || exception === undefined) {
      test(`${engine}: ${name}`, options, () => run(start, engine));
    } else {
      test(`aedes, exception ${exception}: ${name}`, options, () => aedesExceptions[exception](start));
    }
  }
}

/** An engine with a TCP listener on a free port. */
export class EngineFixture {
  readonly host: RecordingHost;
  readonly engine: MqttEngine;
  readonly listener: Listener;
  readonly errors: unknown[];

  private constructor(host: RecordingHost, engine: MqttEngine, listener: Listener, errors: unknown[]) {
    this.host = host;
    this.engine = engine;
    this.listener = listener;
    this.errors = errors;
  }

  static async start(name: EngineName, options: Partial<EngineOptions> = {}): Promise<EngineFixture> {
    const host = new RecordingHost();
    const errors: unknown[] = [];
    const engine = await ENGINES[name](host, { report: (error) => errors.push(error), ...options });
    return new EngineFixture(host, engine, await listenTcp(engine, { port: 0 }), errors);
  }

  get port(): number {
    return this.listener.port;
  }

  /** A raw client; with fields, connected (its CONNACK is consumed). */
  async client(fields?: ConnectFields): Promise<RawClient> {
    const client = await RawClient.open(this.port);
    if (fields !== undefined) {
      const connack = await client.send(connect(fields)).next();
      if (connack?.first !== 0x20) throw new Error(`no CONNACK but ${connack?.first}`);
    }
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.listener.close().catch(() => {});
    await this.engine.close();
  }
}

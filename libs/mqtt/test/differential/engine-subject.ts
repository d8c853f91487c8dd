import {
  type AuthenticationVerdict,
  createAedesEngine,
  createNativeEngine,
  listenTcp,
  type Closure,
  type ConnectRequest,
  type ConnectVerdict,
  type EngineConnection,
  type EngineHost,
  type InboundPublish,
  type SubscribeRequest,
  type UnsubscribeRequest,
} from '../../src/mod.ts';
import type { Subject } from './subject.ts';

/** What a host answers depends on nothing but what it is asked, so that two engines are answered alike. */
class EchoingHost implements EngineHost<string[]> {
  readonly #logs = new Map<string, { lines: string[]; ended: PromiseWithResolvers<void> }>();

  connect(request: ConnectRequest, connection: EngineConnection<string[]>): Promise<ConnectVerdict> {
    const log = { lines: [], ended: Promise.withResolvers<void>() };
    this.#logs.set(portOf(connection.remoteAddress), log);
    connection.context = log.lines;
    const { clientId, clientIdAssigned, ...rest } = request;
    this.#note(connection, 'connect', { ...rest, clientId: clientIdAssigned ? '(assigned)' : clientId });
    return Promise.resolve({ accept: true });
  }

  authenticate(): Promise<AuthenticationVerdict> {
    return Promise.resolve({ accept: false, reason: 0x8c });
  }

  publish(connection: EngineConnection<string[]>, publish: InboundPublish): void {
    this.#note(connection, 'publish', publish);
    const { qos, packetId, topic } = publish;
    if (qos > 0) connection.acknowledge(packetId, qos === 1 ? 1 : 2, topic.startsWith('refuse/') ? 0x87 : 0);
    if (topic.startsWith('echo/'))
      connection.deliver({ ...publish, dup: false, packetId: packetId || 1, subscriptionIdentifiers: [] });
  }

  release(connection: EngineConnection<string[]>, packetId: number): void {
    this.#note(connection, 'release', packetId);
    connection.complete(packetId, packetId > 2 ? 0x92 : 0);
  }

  subscribe(connection: EngineConnection<string[]>, request: SubscribeRequest): void {
    this.#note(connection, 'subscribe', request);
    const reasons = request.subscriptions.map(({ filter, qos }) =>
      filter.startsWith('refuse/') ? 0x87 : qos,
    );
    connection.subscribed(request.packetId, reasons);
  }

  unsubscribe(connection: EngineConnection<string[]>, request: UnsubscribeRequest): void {
    this.#note(connection, 'unsubscribe', request);
    connection.unsubscribed(
      request.packetId,
      request.filters.map(({ length }) => (length > 3 ? 0x11 : 0)),
    );
  }

  acknowledged(
    connection: EngineConnection<string[]>,
    packetId: number,
    stage: string,
    reason: number,
  ): void {
    this.#note(connection, stage, [packetId, reason]);
    if (stage === 'pubrec' && reason < 0x80) connection.release(packetId);
  }

  drained(): void {}

  closed(connection: EngineConnection<string[]>, { kind, reason, willDue, sessionExpiry }: Closure): void {
    this.#note(connection, 'closed', { kind, reason, willDue, sessionExpiry });
    this.#logs.get(portOf(connection.remoteAddress))?.ended.resolve();
  }

  /** Nothing, of a client that never came to be asked about. */
  async heard(localPort: number): Promise<readonly string[]> {
    const log = this.#logs.get(String(localPort));
    if (log === undefined) return [];
    await log.ended.promise;
    this.#logs.delete(String(localPort));
    return log.lines;
  }

  #note(connection: EngineConnection<string[]>, what: string, value: unknown): void {
    connection.context?.push(`${what} ${JSON.stringify(value, plain)}`);
  }
}

/** Bytes as hexadecimal digits. */
function plain(_key: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  const buffer = value as { type?: unknown; data?: number[] } | null;
  return buffer?.type === 'Buffer' && buffer.data ? Buffer.from(buffer.data).toString('hex') : value;
}

function portOf(remoteAddress: string): string {
  return remoteAddress.slice(remoteAddress.lastIndexOf(':') + 1);
}

const ENGINES = { native: createNativeEngine, aedes: createAedesEngine };

export async function engineSubject(name: keyof typeof ENGINES, errors: unknown[]): Promise<Subject> {
  const host = new EchoingHost();
  const engine = await ENGINES[name]<string[]>(host, {
    topicAliasMaximum: 3,
    report: (error) => errors.push(error),
  });
  const listener = await listenTcp(engine, { port: 0 });
  return {
    name,
    port: listener.port,
    quietMs: 60,
    heard: (localPort) => host.heard(localPort),
    [Symbol.asyncDispose]: async () => {
      await listener.close().catch(() => {});
      await engine.close();
    },
  };
}

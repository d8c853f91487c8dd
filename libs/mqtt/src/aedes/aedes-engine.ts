import type { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import { Aedes, type Client } from 'aedes';
import { DeadlineWheel } from '../engine/deadline-wheel.ts';
import type { ClientConnection } from '../engine/client-connection.ts';
import type { Closure, EngineCounters, EngineHost, MqttEngine, StreamInfo } from '../engine/mqtt-engine.ts';
import { OutboxFlusher } from '../engine/outbox.ts';
import { ReasonCode } from '../engine/reason-code.ts';
import { WakeQueue } from '../engine/wake-queue.ts';
import { PublishCheck } from '../wire/publish-check.ts';
import { AedesConnection, type AedesParts } from './aedes-connection.ts';
import { SESSION_EXPIRY_LIMIT } from './connect-amendment.ts';
import { engineOptions, type AedesEngineOptions } from './engine-options.ts';
import { HookPersistence } from './hook-persistence.ts';
import { PacketStream } from './packet-stream.ts';
import { SilentEmitter } from './silent-emitter.ts';

/** How long a socket stays open for a host that is recording its client's DISCONNECT. */
const RECORDING_LIMIT_MS = 5_000;

/** One hour; aedes' notices to itself reach nobody. */
const HEARTBEAT_MS = 3_600_000;

/** The engine's own deadlines come first; this one only has to exist. */
const AEDES_CONNECT_TIMEOUT_MS = 2 ** 31 - 1;

/**
 * An engine on aedes 2.0.0-beta.1, through its public hooks only.
 * @throws MqttError 'invalid-option'
 */
export async function createAedesEngine<Context>(
  host: EngineHost<Context>,
  options: Partial<AedesEngineOptions> = {},
): Promise<MqttEngine> {
  const checked = engineOptions(options);
  return new AedesEngine(host, checked, await startBroker<Context>(checked));
}

function startBroker<Context>(options: AedesEngineOptions): Promise<Aedes> {
  const of = (client: Client | null): AedesConnection<Context> | null =>
    client?.conn instanceof PacketStream ? (client.conn.owner as AedesConnection<Context>) : null;
  return Aedes.createBroker({
    mq: new SilentEmitter(),
    persistence: new HookPersistence({
      released: (client, packetId) => of(client)?.released(packetId),
      unsubscribing: (client) => of(client)?.unsubscribing(),
      acknowledged: (client, packetId, stage, reason) => of(client)?.acknowledged(packetId, stage, reason),
    }),
    heartbeatInterval: HEARTBEAT_MS,
    connectTimeout: AEDES_CONNECT_TIMEOUT_MS,
    drainTimeout: 0,
    maxTopicLevels: options.maxTopicLevels,
    topicAliasMaximum: options.topicAliasMaximum,
    maximumPacketSize: options.maxPacketBytes,
    receiveMaximum: options.receiveMaximum === 65535 ? 0 : options.receiveMaximum,
    sessionExpiryIntervalLimit: SESSION_EXPIRY_LIMIT,
    // aedes remembers an ended session for its expiry interval; one entry at a time is the least it can hold.
    pendingSessionsLimit: 1,
    preConnect: (client, packet, done) => {
      of(client)?.connecting(packet);
      done(null, true);
    },
    authenticate: (client, _username, _password, done) => {
      of(client)?.authenticating(client, () => done(null, true));
    },
    // Neither is continued: the host answers, see AedesConnection.
    authorizePublish: (client, packet) => of(client)?.publishing(packet),
    authorizeSubscribe: (client) => of(client)?.subscribing(),
  }).then((broker) => {
    broker.on('clientReady', (client) => of(client)?.connected());
    return broker;
  });
}

class AedesEngine<Context> implements MqttEngine, AedesParts<Context> {
  readonly name = 'aedes';
  readonly host: EngineHost<Context>;
  readonly limits: AedesEngineOptions;
  readonly broker: Aedes;
  readonly counters: EngineCounters = {
    connections: 0,
    unfinished: 0,
    packetsReceived: 0,
    bytesReceived: 0,
    bytesSent: 0,
    protocolErrors: 0,
    keepAliveTimeouts: 0,
    connectTimeouts: 0,
    writeTimeouts: 0,
    internalErrors: 0,
  };
  readonly wheel = new DeadlineWheel();
  readonly flusher: OutboxFlusher;
  readonly wakeQueue = new WakeQueue();
  readonly publishCheck: PublishCheck;
  /** Open connections, and those whose end the host is still recording. */
  readonly #connections = new Set<ClientConnection<Context>>();
  readonly #asked = new WeakSet<ClientConnection<Context>>();
  #nextId = 1;
  #draining = false;
  #idle: (() => void)[] = [];

  constructor(host: EngineHost<Context>, options: AedesEngineOptions, broker: Aedes) {
    this.host = host;
    this.limits = options;
    this.broker = broker;
    this.flusher = new OutboxFlusher(this.counters);
    this.publishCheck = new PublishCheck(options);
    const events: EventEmitter = broker;
    events.on('error', (error: unknown) => this.report(error));
  }

  attach(stream: Duplex, info: StreamInfo): void {
    if (this.#draining) {
      stream.destroy();
      return;
    }
    this.counters.connections++;
    this.counters.unfinished++;
    this.#connections.add(new AedesConnection(this.#nextId++, stream, info, this));
  }

  report(error: unknown): void {
    this.limits.report(error);
  }

  asked(connection: ClientConnection<Context>): void {
    this.#asked.add(connection);
  }

  closed(connection: ClientConnection<Context>, how: Closure): void {
    // Later than the call that ended it: the host is never called from within its own call.
    queueMicrotask(() => void this.#finish(connection, how));
  }

  async #finish(connection: ClientConnection<Context>, how: Closure): Promise<void> {
    try {
      const recorded = this.#asked.has(connection) ? this.host.closed(connection, how) : undefined;
      if (recorded !== undefined) {
        const limit = setTimeout(() => connection.closeSocket(), RECORDING_LIMIT_MS).unref();
        await recorded.finally(() => clearTimeout(limit));
      }
    } catch (error) {
      this.counters.internalErrors++;
      this.report(error);
    }
    connection.closeSocket();
    this.#connections.delete(connection);
    if (this.#connections.size === 0) {
      for (const resolve of this.#idle.splice(0)) resolve();
    }
  }

  async drain(reason: number): Promise<void> {
    this.#draining = true;
    for (const connection of this.#connections) connection.disconnect(reason, 'the server is going away');
    if (this.#connections.size > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  async close(): Promise<void> {
    this.#draining = true;
    const ended = this.drain(ReasonCode.SERVER_SHUTTING_DOWN);
    for (const connection of this.#connections) connection.destroySocket();
    await ended;
    this.wheel.stop();
    await new Promise<void>((resolve) => this.broker.close(() => resolve()));
  }
}

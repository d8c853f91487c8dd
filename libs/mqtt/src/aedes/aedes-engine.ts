import type { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import { Aedes, type Client } from 'aedes';
import { BaseEngine } from '../engine/base-engine.ts';
import { engineOptions, type EngineOptions } from '../engine/engine-options.ts';
import type { EngineHost, MqttEngine, StreamInfo } from '../engine/mqtt-engine.ts';
import { AedesConnection, type AedesParts } from './aedes-connection.ts';
import { sessionExpiryLimit } from './connect-amendment.ts';
import { HookPersistence } from './hook-persistence.ts';
import { PacketStream } from './packet-stream.ts';
import { SilentEmitter } from './silent-emitter.ts';

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
  options: Partial<EngineOptions> = {},
): Promise<MqttEngine> {
  const checked = engineOptions(options);
  const persistence = new HookPersistence({
    released: (client, packetId) => connectionOf<Context>(client)?.released(packetId),
    unsubscribing: (client) => connectionOf<Context>(client)?.unsubscribing(),
    acknowledged: (client, packetId, stage, reason) =>
      connectionOf<Context>(client)?.acknowledged(packetId, stage, reason),
  });
  return new AedesEngine(host, checked, persistence, await startBroker<Context>(checked, persistence));
}

function connectionOf<Context>(client: Client | null): AedesConnection<Context> | null {
  return client?.conn instanceof PacketStream ? (client.conn.owner as AedesConnection<Context>) : null;
}

function startBroker<Context>(options: EngineOptions, persistence: HookPersistence): Promise<Aedes> {
  const of = connectionOf<Context>;
  return Aedes.createBroker({
    mq: new SilentEmitter(),
    persistence,
    heartbeatInterval: HEARTBEAT_MS,
    connectTimeout: AEDES_CONNECT_TIMEOUT_MS,
    drainTimeout: 0,
    maxTopicLevels: options.maxTopicLevels,
    topicAliasMaximum: options.topicAliasMaximum,
    maximumPacketSize: options.maxPacketBytes,
    receiveMaximum: options.receiveMaximum === 65535 ? 0 : options.receiveMaximum,
    responseInformation: options.responseInformation || null,
    sessionExpiryIntervalLimit: sessionExpiryLimit(options.maxSessionExpiry),
    // aedes remembers an ended session for its expiry interval; one entry at a time is the least it can hold.
    pendingSessionsLimit: 1,
    preConnect: (client, packet, done) => {
      of(client)?.connecting(packet);
      done(null, true);
    },
    authenticate: (client, _username, _password, done) => {
      of(client)?.authenticating(client, () => done(null, true));
    },
    // Neither is continued for a client's packet: the host answers, see AedesConnection.
    authorizePublish: (client, packet) => of(client)?.publishing(packet),
    authorizeSubscribe: (client, _subscription, done) => of(client)?.subscribing(() => done(null, null)),
  }).then((broker) => {
    broker.on('clientReady', (client) => of(client)?.connected());
    return broker;
  });
}

class AedesEngine<Context> extends BaseEngine<Context> implements AedesParts<Context> {
  readonly name = 'aedes';
  readonly broker: Aedes;
  readonly persistence: HookPersistence;

  constructor(
    host: EngineHost<Context>,
    options: EngineOptions,
    persistence: HookPersistence,
    broker: Aedes,
  ) {
    super(host, options);
    this.persistence = persistence;
    this.broker = broker;
    const events: EventEmitter = broker;
    events.on('error', (error: unknown) => this.report(error));
  }

  protected override connection(id: number, stream: Duplex, info: StreamInfo): AedesConnection<Context> {
    return new AedesConnection(id, stream, info, this);
  }

  override async close(): Promise<void> {
    await super.close();
    await new Promise<void>((resolve) => this.broker.close(() => resolve()));
  }
}

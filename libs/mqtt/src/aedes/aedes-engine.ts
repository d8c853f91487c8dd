import type { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import { Aedes, type Client } from 'aedes';
import { BaseEngine } from '../engine/base-engine.ts';
import { engineOptions, type EngineOptions } from '../engine/engine-options.ts';
import type { EngineHost, MqttEngine, StreamInfo } from '../engine/mqtt-engine.ts';
import { AedesConnection, type AedesParts } from './aedes-connection.ts';
import { SESSION_EXPIRY_LIMIT } from './connect-amendment.ts';
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
  return new AedesEngine(host, checked, await startBroker<Context>(checked));
}

function startBroker<Context>(options: EngineOptions): Promise<Aedes> {
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

class AedesEngine<Context> extends BaseEngine<Context> implements AedesParts<Context> {
  readonly name = 'aedes';
  readonly broker: Aedes;

  constructor(host: EngineHost<Context>, options: EngineOptions, broker: Aedes) {
    super(host, options);
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

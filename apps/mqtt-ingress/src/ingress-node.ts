import { setTimeout as delay } from 'node:timers/promises';
import { ENVELOPE_HEADROOM_BYTES } from '@tributary/contracts';
import {
  createAedesEngine,
  createNativeEngine,
  listenTcp,
  listenWebSocket,
  ReasonCode,
  type Listener,
  type MqttEngine,
} from '@tributary/mqtt';
import type { IngressService } from './config.ts';
import { ConnectRates } from './limits/connect-rates.ts';
import { deviceLimitsOf } from './limits/device-limits.ts';
import { engineLimitsOf } from './limits/engine-limits.ts';
import { countedEngine } from './counted-engine.ts';
import { anonymousIdentity, type Identity } from './connect/identity.ts';
import { IngressError } from './errors.ts';
import { IngressHost } from './ingress-host.ts';
import { IngressMetrics } from './metrics.ts';
import { CurrentLife } from './node/current-life.ts';
import { NodeLife } from './node/node-life.ts';
import { UserIdentity } from './users/user-identity.ts';
import { UsersSource } from './users/users-source.ts';
import { nodeStats } from './node/node-stats.ts';

const COMPONENT = 'node';
/** Time between two messages about how this node does, in ms. */
const STATS_MS = 2_000;
/** Pause between attempts to join again, in ms. */
const REJOIN_MS = 500;
/** Streams that may be open beyond the limit of devices, so that a refusal can be said. */
const SPARE_STREAMS = 1_024;
/** A node whose packets may not hold at least this much, in bytes, is of no use. */
const LEAST_PACKET_BYTES = 1_024;

/** An ingress node: engine and listeners as long as the process runs, and one life in the role after another. */
export class IngressNode {
  readonly #service: IngressService;
  readonly #metrics: IngressMetrics;
  readonly #identity: Identity;
  readonly #current: CurrentLife;
  readonly #host: IngressHost;
  #engine: MqttEngine | null = null;
  #listeners: Listener[] = [];
  #rejoining: Promise<void> = Promise.resolve();
  #draining: Promise<void> | null = null;
  #stopping: Promise<void> | null = null;

  private constructor(service: IngressService, identity: Identity) {
    const { config, metrics } = service;
    this.#service = service;
    this.#metrics = new IngressMetrics(metrics);
    this.#identity = identity;
    this.#current = new CurrentLife(config['connect.timeoutMs']);
    this.#host = new IngressHost(
      this.#metrics,
      deviceLimitsOf(config, this.#metrics),
      new ConnectRates({
        connectsPerSecond: config['limits.connectsPerSecond'],
        connectsPerSecondPerAddress: config['limits.connectsPerSecondPerAddress'],
      }),
      this.#current,
    );
    metrics.gauge('tributary_ingress_pending_bytes', {}, () => this.#current.get()?.appender.pendingBytes);
    metrics.gauge('tributary_ingress_connects_waiting', {}, () => this.#current.get()?.waitingConnects);
    metrics.gauge(
      'tributary_ingress_settlements_waiting',
      {},
      () => this.#current.get()?.settlements.waiting,
    );
  }

  /**
   * Joins the role, then listens. What this opened stops with the service.
   * @throws LogError, MqttError 'listen-failed', IngressError 'payload-too-small', SettingsError if the users cannot be read
   */
  static async start(service: IngressService): Promise<IngressNode> {
    const node = new IngressNode(service, await identityOf(service));
    service.health.set(COMPONENT, false, 'joining');
    const life = await node.#join(0);
    await node.#listen(life);
    return node;
  }

  /** Stops listening and sends all devices elsewhere; their last rows are stored and their sessions ended. */
  drain(): Promise<void> {
    this.#draining ??= this.#drain();
    return this.#draining;
  }

  /** Drains, and leaves the role. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  status(): unknown {
    const life = this.#current.get();
    return {
      epoch: life?.epoch ?? null,
      connections: this.#engine?.counters.connections ?? 0,
      devices: life?.clients.size ?? 0,
      pendingRows: this.#metrics.pendingRows,
      pendingBytes: life?.appender.pendingBytes ?? 0,
      pausedSockets: this.#metrics.pausedSockets,
      deliveryPendingBytes: this.#metrics.deliveryPendingBytes,
      connectsWaiting: life?.waitingConnects ?? 0,
    };
  }

  async #join(ownEpoch: number): Promise<NodeLife> {
    const life = await NodeLife.begin(this.#service, this.#metrics, this.#identity, ownEpoch);
    // Hooks run last first: this one must come before the NATS connection of this life is closed.
    this.#service.onStop(COMPONENT, () => this.stop());
    const { log, health } = this.#service;
    const onLost = (): void => {
      this.#rejoining = this.#rejoin(life);
    };
    life.lost.addEventListener('abort', onLost, { once: true });
    this.#current.set(life);
    health.set(COMPONENT, true);
    log.info({ epoch: life.epoch }, 'joined');
    return life;
  }

  async #listen(life: NodeLife): Promise<void> {
    const { config, log } = this.#service;
    const maxPacketBytes = packetLimit(config['limits.packetBytes'], life.maxPayload);
    if (maxPacketBytes < config['limits.packetBytes']) {
      log.info({ maxPacketBytes, maxPayload: life.maxPayload }, 'packets are limited by what NATS can carry');
    }
    const createEngine = config['mqtt.engine'] === 'native' ? createNativeEngine : createAedesEngine;
    this.#engine = await createEngine(this.#host, {
      maxPacketBytes,
      maxSessionExpiry: config['session.maxExpirySeconds'],
      responseInformation: config['mqtt.responseInformation'],
      ...engineLimitsOf(config),
      report: (error) => log.error({ error }, 'unexpected error of a connection; it was closed'),
    });
    this.#metrics.observe(this.#engine.counters, () => refusedBy(this.#listeners));
    const maxConnections = config['limits.connections'] + SPARE_STREAMS;
    const tcp = { host: config['mqtt.host'], port: config['mqtt.port'], maxConnections };
    const webSocket = { host: config['websocket.host'], port: config['websocket.port'], maxConnections };
    const engine = countedEngine(this.#engine, this.#metrics);
    const overTcp = await listenTcp(engine, tcp);
    this.#listeners.push(overTcp);
    const overWebSocket = await listenWebSocket(engine, webSocket);
    this.#listeners.push(overWebSocket);
    this.#tellStats(this.#engine);
    this.#service.endpoint('mqtt', `mqtt://${address(overTcp)}`);
    this.#service.endpoint('websocket', `ws://${address(overWebSocket)}/mqtt`);
  }

  /** For `$SYS` topics; lost if nobody listens. */
  #tellStats({ counters }: MqttEngine): void {
    const self = { startedAtMs: Date.now(), version: this.#service.version };
    const timer = setInterval(() => {
      this.#current.get()?.tell(nodeStats(self, counters, this.#metrics));
    }, STATS_MS);
    this.#service.onStop('stats', () => clearInterval(timer));
  }

  /** The lease is gone. Everything of this life ends before another begins. */
  async #rejoin(life: NodeLife): Promise<void> {
    const { log, health, signal, metrics } = this.#service;
    this.#current.set(null);
    health.set(COMPONENT, false, 'the lease was lost');
    metrics.counter('tributary_leases_lost_total', { kind: 'node' }).add(1);
    log.error(
      { error: life.lost.reason as unknown, epoch: life.epoch },
      'lease lost, closing all connections',
    );
    await life.abandon();
    while (!signal.aborted) {
      try {
        await this.#join(life.epoch);
        return;
      } catch (error) {
        log.warn({ error }, 'cannot join again yet');
        await delay(REJOIN_MS, undefined, { signal }).catch(() => {});
      }
    }
  }

  async #drain(): Promise<void> {
    // They stop accepting at once; nobody waits for devices that are slow to close their side.
    for (const listener of this.#listeners) void listener.close();
    await this.#engine?.drain(...this.#parting());
  }

  /** What a draining node tells devices of MQTT 5: where else to go, or that it goes. */
  #parting(): [reason: number, serverReference: string] {
    const { config } = this.#service;
    const reference = config['drain.serverReference'];
    if (reference === '') return [ReasonCode.SERVER_SHUTTING_DOWN, ''];
    return [config['drain.serverMoved'] ? ReasonCode.SERVER_MOVED : ReasonCode.USE_ANOTHER_SERVER, reference];
  }

  async #stop(): Promise<void> {
    await this.drain();
    await this.#rejoining;
    await this.#current.get()?.leave();
    this.#current.set(null);
    await this.#engine?.close();
  }
}

/** @throws SettingsError if there is a file of users that cannot be used */
async function identityOf(service: IngressService): Promise<Identity> {
  const { config } = service;
  const path = config['auth.usersFile'];
  if (path === '') return anonymousIdentity(config['auth.anonymous']);
  return new UserIdentity(await UsersSource.open(service, path), config['auth.anonymous']);
}

/** @throws IngressError 'payload-too-small' */
function packetLimit(wanted: number, maxPayload: number): number {
  const possible = maxPayload - ENVELOPE_HEADROOM_BYTES;
  if (possible < LEAST_PACKET_BYTES) {
    throw new IngressError(
      'payload-too-small',
      `max_payload of the NATS server is ${maxPayload} bytes; at least ${ENVELOPE_HEADROOM_BYTES + LEAST_PACKET_BYTES} are needed`,
    );
  }
  return Math.min(wanted, possible);
}

function refusedBy(listeners: readonly Listener[]): number {
  return listeners.reduce((sum, { refused }) => sum + refused, 0);
}

function address({ host, port }: Listener): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

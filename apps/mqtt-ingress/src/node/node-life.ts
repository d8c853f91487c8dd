import { jetstream, jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import type { KV } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import {
  buckets,
  ENVELOPE_HEADROOM_BYTES,
  partitionOf,
  streamNames,
  subjects,
  type NodeStats,
} from '@tributary/contracts';
import {
  ensureLog,
  followWatermarks,
  LogAppender,
  MappingVersions,
  Membership,
  openBucket,
  Publisher,
  WillPublisher,
  type LogTopology,
} from '@tributary/log';
import { ReasonCode, type Closure } from '@tributary/mqtt';
import { checkDeployment, logLimits, openNats, whenAvailable } from '@tributary/service';
import { Commits } from '../commit/commits.ts';
import { RulesInForce } from '../commit/rules-in-force.ts';
import { Admission } from '../connect/admission.ts';
import { Clients } from '../connect/clients.ts';
import type { Identity } from '../connect/identity.ts';
import type { IngressService } from '../config.ts';
import { DeliveryReceiver } from '../delivery/delivery-receiver.ts';
import { ReportSender } from '../delivery/report-sender.ts';
import type { Device } from '../device/device.ts';
import { IngressError } from '../errors.ts';
import { Inbound } from '../intake/inbound.ts';
import { Intake } from '../intake/intake.ts';
import type { IngressMetrics } from '../metrics.ts';
import { evict } from '../session/eviction.ts';
import { SessionClient } from '../session/session-client.ts';
import { SessionRecords } from '../session/session-records.ts';
import { Sessions } from '../session/sessions.ts';
import { SettlementSender } from '../session/settlement-sender.ts';
import { Subscriptions } from '../session/subscriptions.ts';
import { Wills } from '../session/wills.ts';
import { LogHealth } from './log-health.ts';
import { namesakeGone } from './namesake.ts';
import { serveNodeCommands } from './node-commands.ts';

/** CONNECTs that wait for their session record; more are refused as "busy". */
const MAX_WAITING_CONNECTS = 50_000;
/** Bytes that a byte of base64 carries. */
const BASE64_YIELD = 0.75;

interface Resources {
  service: IngressService;
  metrics: IngressMetrics;
  identity: Identity;
  nats: NatsConnection;
  manager: JetStreamManager;
  leaseNats: NatsConnection;
  sessions: KV;
  publisher: Publisher;
  membership: Membership;
  topology: LogTopology;
}

/**
 * One life of the node: from joining its role to leaving it or losing its lease. Everything that depends on NATS
 * belongs to one life, so nothing of an earlier epoch can be written in a later one.
 */
export class NodeLife {
  readonly clients = new Clients();
  readonly admission: Admission;
  readonly inbound: Inbound;
  readonly subscriptions: Subscriptions;
  readonly settlements: SettlementSender;
  readonly appender: LogAppender;
  readonly commits: Commits;
  /** Largest message that NATS takes, in bytes. */
  readonly maxPayload: number;
  readonly #resources: Resources;
  readonly #records: SessionRecords;
  readonly #sessions: Sessions;
  readonly #reports: ReportSender;
  readonly #rules: RulesInForce;
  readonly #logHealth: LogHealth;
  readonly #over = new AbortController();

  /**
   * @param ownEpoch of the lease lost before; 0 for the first life, which takes the name from whoever has it.
   * @throws LogError if NATS is away, too old, or its streams differ from what is configured.
   */
  static async begin(
    service: IngressService,
    metrics: IngressMetrics,
    identity: Identity,
    ownEpoch: number,
  ): Promise<NodeLife> {
    const { config, instance, log, signal } = service;
    await using opening = new AsyncDisposableStack();
    const nats = await openNats(service);
    opening.defer(() => nats.close());
    const leaseNats = await openNats(service, 'leases');
    opening.defer(() => leaseNats.close());
    const js = jetstream(nats);
    const replicas = config['log.replicas'];
    const shape = { generation: config['log.generation'], partitions: config['log.partitions'] };
    await whenAvailable(service, () => checkDeployment(service, nats));
    const manager = await whenAvailable(service, () => jetstreamManager(nats));
    const topology = await whenAvailable(service, () => ensureLog(manager, shape, logLimits(config)));
    const open = (from: typeof js, name: string) =>
      whenAvailable(service, () => openBucket(from, name, { replicas }));
    const versions = new MappingVersions(await open(js, buckets.config));
    const watermarks = await open(js, buckets.watermarks);
    const publisher = new Publisher(nats);
    const sessions = await whenAvailable(service, () =>
      openBucket(js, buckets.sessions, { replicas, publisher }),
    );
    const leases = await open(jetstream(leaseNats), buckets.leases);
    const ttlMs = config['lease.ttlMs'];
    const role = 'mqtt-ingress';
    if (ownEpoch > 0) await namesakeGone(leases, { role, instance, ownEpoch, ttlMs }, log, signal);
    const membership = await whenAvailable(service, () =>
      Membership.join({ kv: leases, role, instance, ttlMs }),
    );
    const life = new NodeLife({
      service,
      metrics,
      identity,
      nats,
      manager,
      leaseNats,
      sessions,
      publisher,
      membership,
      topology,
    });
    // After joining: whoever announces rules either sees this node or has announced them before this is read.
    await whenAvailable(service, () => life.#rules.begin(versions, life.#over.signal));
    const { commits } = life;
    await followWatermarks({
      nats,
      kv: watermarks,
      generation: shape.generation,
      onWatermark: (cluster, partition, mark) => commits.advance(cluster, partition, mark),
    });
    await nats.flush();
    // From here on the connections end with the life.
    opening.move();
    return life;
  }

  private constructor(resources: Resources) {
    const { service, metrics, identity, nats, sessions, membership } = resources;
    const { config } = service;
    const { self } = membership;
    this.#resources = resources;
    this.#logHealth = new LogHealth(service.health, (partition) =>
      resources.manager.streams.info(streamNames.log(config['log.generation'], partition)),
    );
    this.maxPayload = nats.info?.max_payload ?? 0;
    const { publisher } = resources;
    const shape = { generation: config['log.generation'], partitions: config['log.partitions'] };
    this.appender = new LogAppender(publisher, {
      ...shape,
      lingerMs: config['log.lingerMs'],
      highWaterBytes: config['log.highWaterBytes'],
      duplicateWindowMs: config['log.duplicateWindowMs'],
      giveUpMs: config['log.giveUpMs'],
      onEnvelope: (partition, rows, bytes, ms) => {
        this.#logHealth.stored(partition);
        metrics.appended(partition, rows, bytes, ms);
      },
      onRetry: (partition, error) => {
        this.#logHealth.retried(partition, error);
        metrics.retried(partition);
      },
      onGiveUp: (partition) => metrics.gaveUp(partition),
    });
    const intake = new Intake({
      appender: this.appender,
      partitions: config['log.partitions'],
      maxPendingBytes: config['log.maxPendingBytes'],
      devices: () => this.clients,
    });
    this.commits = new Commits({
      topology: resources.topology,
      timeoutMs: config['ack.kafkaTimeoutMs'],
      maxWaiting: config['ack.maxWaiting'],
      metrics,
    });
    this.#rules = new RulesInForce(this.commits, service.log);
    const checkPayloadFormat = config['mqtt.checkPayloadFormat'];
    this.inbound = new Inbound(this.appender, intake, this.commits, metrics, checkPayloadFormat);
    this.#records = new SessionRecords({
      kv: sessions,
      wills: new Wills(new WillPublisher(publisher, shape), this.#over.signal, metrics),
      self,
      concurrency: config['connect.concurrency'],
      maxWaiting: MAX_WAITING_CONNECTS,
      evict: (holder, epoch, signal) =>
        evict(nats, (member) => membership.isLive(member), holder, epoch, signal),
    });
    const client = new SessionClient(nats);
    this.settlements = new SettlementSender(client, this.#over.signal, metrics);
    this.#sessions = new Sessions({
      records: this.#records,
      client,
      settlements: this.settlements,
      over: this.#over.signal,
      self,
      metrics,
      maxExpirySeconds: config['session.maxExpirySeconds'],
    });
    this.admission = new Admission({
      identity,
      clients: this.clients,
      sessions: this.#sessions,
      metrics,
      timeoutMs: config['connect.timeoutMs'],
      maxConnections: config['limits.connections'],
      maxClientIdBytes: config['limits.clientIdBytes'],
      maxInflight: config['limits.inflight'],
      maxWillBytes: Math.floor((this.maxPayload - ENVELOPE_HEADROOM_BYTES) * BASE64_YIELD),
    });
    this.subscriptions = new Subscriptions({
      client,
      self,
      metrics,
      timeoutMs: config['subscribe.timeoutMs'],
      refusedFilters: new Set(config['subscribe.refusedFilters']),
    });
    this.#reports = new ReportSender(nats, self);
    const receiver = new DeliveryReceiver(this.clients, this.#reports, metrics);
    nats.subscribe(subjects.deliveries(self.instance, self.epoch), {
      callback: (error, message) => {
        if (error === null) receiver.receive(message.data);
      },
    });
    serveNodeCommands(nats, self.instance, {
      clients: this.clients,
      records: this.#records,
      receiver,
      rules: this.#rules,
      appender: this.appender,
      metrics,
    });
  }

  /** Epoch of the node's lease. */
  get epoch(): number {
    return this.#resources.membership.self.epoch;
  }

  /** Aborts when the lease is gone. Whoever sees it calls `abandon` at once. */
  get lost(): AbortSignal {
    return this.#resources.membership.lost;
  }

  get waitingConnects(): number {
    return this.#records.waiting;
  }

  partitionOf(clientId: string): number {
    return partitionOf(clientId, this.#resources.service.config['log.partitions']);
  }

  /** Says how the node does, to whoever wants to know. */
  tell(stats: NodeStats): void {
    const { nats, membership } = this.#resources;
    if (!nats.isClosed()) nats.publish(subjects.nodeStats(membership.self.instance), JSON.stringify(stats));
  }

  /**
   * What the end of a connection brings with it: its last rows, then the record of its end, then its will if that is due. Resolves
   * when nothing of it is left to do here.
   */
  async connectionEnded(device: Device, how: Closure): Promise<void> {
    device.close();
    device.attempt?.abort(new IngressError('gone', 'the connection ended'));
    await device.admission;
    await device.settled();
    try {
      await this.#sessions.ended(device, how);
    } finally {
      // A device that was overtaken while it waited for the one before it: who waits for this one waits for both.
      await device.previous?.finished();
      this.clients.remove(device);
      device.finish();
    }
  }

  /** The lease is gone: closes every socket and the connection to NATS, so that nothing more is written. */
  async abandon(): Promise<void> {
    this.#over.abort(new IngressError('not-serving', 'the node has lost its lease'));
    const error = new IngressError('not-serving', 'the node has lost its lease; connect again');
    const devices = [...this.clients];
    for (const device of devices) device.end(error, ReasonCode.USE_ANOTHER_SERVER);
    this.appender.close();
    this.commits[Symbol.dispose]();
    this.#reports[Symbol.dispose]();
    await Promise.all([this.#resources.nats.close(), this.#resources.leaseNats.close()]);
    await Promise.all(devices.map((device) => device.finished()));
    this.#logHealth.forget();
  }

  /** Leaves the role; connections have ended before. */
  async leave(): Promise<void> {
    await this.appender.flush();
    await this.#sessions.told();
    this.#reports.flush();
    this.#reports[Symbol.dispose]();
    await this.#resources.membership[Symbol.asyncDispose]();
    this.#over.abort(new IngressError('not-serving', 'the node has left'));
    this.commits[Symbol.dispose]();
    this.appender.close();
  }
}

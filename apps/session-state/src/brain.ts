import type { JetStreamClient, JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { buckets, logReaders } from '@tributary/contracts';
import {
  CursorRegistry,
  evictMember,
  MemberView,
  openBucket,
  type LeaderBucket,
  type Lease,
  type LogTopology,
} from '@tributary/log';
import type { Service } from '@tributary/service';
import { CommandServer } from './command-server.ts';
import type { settings, SessionStateConfig } from './config.ts';
import { DeliveryHub } from './delivery/delivery-hub.ts';
import { RetainedSender } from './retained/retained-sender.ts';
import { RetainedStore } from './retained/retained-store.ts';
import { Addressing } from './routing/addressing.ts';
import { LogTail } from './routing/log-tail.ts';
import { PartitionWorker } from './routing/partition-worker.ts';
import { Progress } from './routing/progress.ts';
import { TopicRoutes } from './routing/topic-routes.ts';
import { openSessions } from './sessions/open-sessions.ts';
import { SHARD_CHANNEL } from './sessions/session-pump.ts';
import { CommandHandler } from './subscriptions/command-handler.ts';
import { SubscriptionStore } from './subscriptions/subscription-store.ts';
import { SubscriptionTable } from './subscriptions/subscription-table.ts';
import { SysPublisher } from './sys/sys-publisher.ts';
import { SysTopics } from './sys/sys-topics.ts';
import { every } from './every.ts';
import { watchBrain } from './brain-metrics.ts';

export interface BrainOptions {
  service: Service<typeof settings>;
  nats: NatsConnection;
  js: JetStreamClient;
  manager: JetStreamManager;
  /** `buckets.leases`, by a connection of its own. */
  leases: LeaderBucket;
  log: LogTopology;
}

/** Role under which ingress nodes hold their leases. */
const INGRESS_ROLE = 'mqtt-ingress';
const CURSOR_INTERVAL_MS = 1_000;
const DEPARTED_INTERVAL_MS = 2_000;
const RETAINED_SWEEP_MS = 60_000;
const AFTERLIFE_INTERVAL_MS = 500;
const CLEAN_INTERVAL_MS = 2_000;

/**
 * All of session-state while this process holds its lease: one instance does it all, others stand by. Ends when
 * the lease does.
 */
export async function runBrain(
  { service, nats, js, manager, leases, log }: BrainOptions,
  given: Lease,
): Promise<void> {
  const config: SessionStateConfig = service.config;
  // Another owner ends this one as the end of its lease does.
  const deposed = new AbortController();
  const signal = AbortSignal.any([given.signal, deposed.signal]);
  const lease: Lease = { ...given, signal };
  const replicas = config['log.replicas'];
  const open = (name: string) => openBucket(js, name, { replicas });
  const subscriptions = await open(buckets.subscriptions);
  const cursors = new CursorRegistry(await open(buckets.cursors));
  await cursors.register(logReaders.sessionState, log);
  const ttlMs = config['lease.ttlMs'];
  await using nodes = await MemberView.open({ kv: leases, role: INGRESS_ROLE, ttlMs });
  // The table is read to its end before the log: who subscribed is known before what was published is routed.
  await using table = await SubscriptionTable.open(subscriptions);
  const refused = service.metrics.counter('tributary_session_deliveries_dropped_total', {
    reason: 'retained-full',
  });
  const retained = await RetainedStore.open({
    kv: await open(buckets.retained),
    maxBytes: config['retained.maxBytes'],
    tombstoneMs: config['retained.tombstoneSeconds'] * 1_000,
    signal,
    onRefused: () => refused.add(1),
  });
  const resent = service.metrics.counter('tributary_session_batches_resent_total');
  const sent = service.metrics.counter('tributary_session_batches_sent_total');
  await using hub = new DeliveryHub({
    nats,
    nodes,
    epoch: lease.epoch,
    nodeBytes: config['delivery.nodeBytes'],
    resendMs: config['delivery.resendMs'],
    patienceMs: ttlMs * 3,
    onBatch: () => sent.add(1),
    onResent: (batches) => resent.add(batches),
    evict: async (instance, epoch) => {
      service.log.warn({ node: instance }, 'a node does not take its deliveries and loses its lease');
      await evictMember(leases, INGRESS_ROLE, { instance, epoch }).catch((error: unknown) =>
        service.log.error({ error, node: instance }, 'the lease could not be taken'),
      );
    },
  });
  const progress = new Progress(log.partitions);
  const routes = new TopicRoutes(table, config['routing.cacheBytes']);
  const store = new SubscriptionStore(subscriptions, table, config['limits.subscriptionsPerSession']);
  await using sessions = await openSessions({
    service,
    nats,
    manager,
    log,
    lease,
    hub,
    nodes,
    routes,
    table,
    store,
    records: await open(buckets.sessions),
    onFailed: (error) => deposed.abort(error),
  });
  const { book, journal, shared, afterlife, departed } = sessions;
  const addressing = new Addressing(book, shared);
  const workers = log.streams.map(
    (stream, partition) =>
      new PartitionWorker({
        service,
        nats,
        manager,
        cursors,
        stream,
        partition,
        routes,
        addressing,
        book,
        journal,
        retained,
        hub,
        progress,
      }),
  );
  const topics = new SysTopics({ routes, addressing, hub, channel: SHARD_CHANNEL });
  using sys = new SysPublisher({
    nats,
    topics,
    version: service.version,
    intervalMs: config['sys.intervalSeconds'] * 1_000,
    routing: () => ({ disconnected: book.detached, subscriptions: table.size, retained: retained.size }),
  });
  void sys;
  const queued = Math.max(1, Math.floor(config['limits.queueMessages'] / 2));
  const sender = new RetainedSender({ store: topics.beside(retained), book, hub, queued, signal });
  const tail = new LogTail(manager, log, progress);
  const timeoutMs = config['subscribe.timeoutMs'];
  const handler = new CommandHandler({ store, table, book, journal, afterlife, tail, sender, timeoutMs });
  using metrics = watchBrain(service.metrics, { table, routes, retained, hub, sessions, workers });
  void metrics;

  const failed = (what: string) => (error: unknown) =>
    service.log.warn({ error }, `${what} failed, trying again`);
  using advancing = every(CURSOR_INTERVAL_MS, () => advanceAll(workers), failed('advancing cursors'));
  using sweeping = every(
    DEPARTED_INTERVAL_MS,
    () => departed.sweep(),
    failed('ending sessions of departed nodes'),
  );
  using ageing = every(AFTERLIFE_INTERVAL_MS, () => afterlife.sweep(), failed('ending sessions'));
  using cleaning = every(CLEAN_INTERVAL_MS, () => sessions.clean(), failed('cleaning the journal'));
  using tidying = every(
    RETAINED_SWEEP_MS,
    () => retained.sweep(Math.min(...workers.map((worker) => worker.routedMs))),
    failed('tidying retained messages'),
  );
  void [advancing, sweeping, ageing, cleaning, tidying];
  await using commands = new CommandServer(nats, handler, service.log);
  void commands;
  service.log.info(
    { epoch: lease.epoch, subscribers: table.sessions, queues: book.size, retained: retained.size },
    'routing',
  );
  await Promise.all(workers.map((worker) => worker.run(lease)));
  if (deposed.signal.aborted && !given.signal.aborted) throw deposed.signal.reason;
  await advanceAll(workers).catch(failed('advancing cursors'));
}

async function advanceAll(workers: readonly PartitionWorker[]): Promise<void> {
  await Promise.all(workers.map((worker) => worker.advance()));
}

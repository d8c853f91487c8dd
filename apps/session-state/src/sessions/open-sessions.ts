import type { JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import {
  Publisher,
  WillPublisher,
  type LeaderBucket,
  type Lease,
  type LogTopology,
  type MemberView,
} from '@tributary/log';
import type { Service } from '@tributary/service';
import type { settings } from '../config.ts';
import type { DeliveryHub } from '../delivery/delivery-hub.ts';
import type { TopicRoutes } from '../routing/topic-routes.ts';
import { DepartedNodes } from '../subscriptions/departed-nodes.ts';
import type { SubscriptionStore } from '../subscriptions/subscription-store.ts';
import type { SubscriptionTable } from '../subscriptions/subscription-table.ts';
import { Afterlife } from './afterlife.ts';
import { Journal } from './journal.ts';
import { JournalCleaner } from './journal-cleaner.ts';
import { takeOverJournal } from './journal-store.ts';
import { QueueRoom } from './queue-room.ts';
import { SessionBook } from './session-book.ts';
import { SessionPump } from './session-pump.ts';
import { SessionRecords } from './session-records.ts';
import { Session, type Journaled, type QueueEntry } from './session.ts';
import { SharedDelivery } from './shared-delivery.ts';

export interface SessionsOptions {
  service: Service<typeof settings>;
  nats: NatsConnection;
  manager: JetStreamManager;
  log: LogTopology;
  lease: Lease;
  hub: DeliveryHub;
  nodes: MemberView;
  routes: TopicRoutes;
  table: SubscriptionTable;
  store: SubscriptionStore;
  /** `buckets.sessions` */
  records: LeaderBucket;
  /** The journal has another owner, or its writing was ended. */
  onFailed(error: unknown): void;
}

/** Everything about sessions that have queues, or outlive their connections. */
export interface Sessions extends AsyncDisposable {
  readonly book: SessionBook;
  readonly journal: Journal;
  readonly shared: SharedDelivery;
  readonly afterlife: Afterlife;
  readonly departed: DepartedNodes;
  readonly room: QueueRoom;
  readonly journalBytes: number;
  /** One round of cleaning the journal. */
  clean(): Promise<void>;
}

/** All sessions are of one shard for now. */
const SHARD = 0;
/** Of the journal's bound, what all queues may hold. */
const QUEUES_SHARE = 0.25;

/** Takes over the journal, and what it says of the sessions. @throws LogError */
export async function openSessions(options: SessionsOptions): Promise<Sessions> {
  const { service, nats, manager, log, lease, hub, nodes, routes, table, store, onFailed } = options;
  const { config, metrics } = service;
  const { epoch, signal } = lease;
  const publisher = new Publisher(nats);
  const limits = { maxBytes: config['sessions.maxBytes'], replicas: config['log.replicas'] };
  const retried = metrics.counter('tributary_session_journal_retries_total');
  const onRetry = (error: unknown): void => {
    retried.add(1);
    service.log.debug({ error }, 'the journal of sessions takes no frame, trying again');
  };
  const place = { nats, manager, publisher, log, shard: SHARD, limits, epoch, signal, onRetry };
  const { replay, writer, purge } = await takeOverJournal(place);
  const { sessions, frames, positions } = replay;
  const delivered = (['0', '1', '2'] as const).map((qos) =>
    metrics.counter('tributary_session_deliveries_total', { qos }),
  );
  const room = new QueueRoom(config['sessions.maxBytes'] * QUEUES_SHARE, (reason) =>
    metrics.counter('tributary_session_queue_drops_total', { reason }).add(1),
  );
  const pump = new SessionPump({
    hub,
    onExpired: (entry) => {
      book.discard(entry);
      room.dropped('expired');
    },
    onSent: (qos) => delivered[qos]?.add(1),
  });
  const journal = new Journal({
    writer,
    epoch,
    frames,
    onStored: (items) => pumpAll(items, pump),
    onFailed,
  });
  const queueLimits = {
    messages: config['limits.queueMessages'],
    bytes: config['limits.queueBytes'],
    whenFull: config['limits.queueWhenFull'],
  };
  const book = new SessionBook({ sessions, journal, frames, positions, pump, room, limits: queueLimits });
  const shared = new SharedDelivery({ book, routes, room });
  const records = new SessionRecords(options.records);
  const afterlife = new Afterlife({
    nodes,
    records,
    book,
    subscriptions: store,
    wills: new WillPublisher(publisher, log),
    shared,
    signal,
    onWill: () => metrics.counter('tributary_session_wills_total').add(1),
  });
  const departed = new DepartedNodes({ nodes, table, store, records, book, afterlife });
  const cleaner = new JournalCleaner({
    frames,
    liveBytes: () => room.bytes,
    rewrite: (items) => book.rewrite(items),
    committed: () => journal.committed(),
    purge,
  });
  await departed.takeStock();
  return {
    book,
    journal,
    shared,
    afterlife,
    departed,
    room,
    get journalBytes() {
      return frames.bytes;
    },
    clean: () => cleaner.clean(),
    [Symbol.asyncDispose]: () => {
      pump[Symbol.dispose]();
      return Promise.resolve();
    },
  };
}

function pumpAll(items: readonly Journaled[], pump: SessionPump): void {
  for (const item of items) {
    if (item.at > 0 && isEntry(item)) pump.pump(item.session);
  }
}

function isEntry(item: Journaled): item is QueueEntry {
  return !(item instanceof Session) && 'session' in item;
}

import type { Metrics } from '@tributary/telemetry';
import type { DeliveryHub } from './delivery/delivery-hub.ts';
import type { RetainedStore } from './retained/retained-store.ts';
import type { PartitionWorker } from './routing/partition-worker.ts';
import type { TopicRoutes } from './routing/topic-routes.ts';
import type { Sessions } from './sessions/open-sessions.ts';
import type { SubscriptionTable } from './subscriptions/subscription-table.ts';

interface Watched {
  table: SubscriptionTable;
  routes: TopicRoutes;
  retained: RetainedStore;
  hub: DeliveryHub;
  sessions: Sessions;
  workers: readonly PartitionWorker[];
}

/** Gauges of a running brain; disposing of the result takes them away. */
export function watchBrain(
  metrics: Metrics,
  { table, routes, retained, hub, sessions, workers }: Watched,
): Disposable {
  const stack = new DisposableStack();
  stack.use(metrics.gauge('tributary_session_clients', {}, () => table.sessions));
  stack.use(metrics.gauge('tributary_session_subscriptions', {}, () => table.size));
  stack.use(metrics.gauge('tributary_session_retained_messages', {}, () => retained.size));
  stack.use(metrics.gauge('tributary_session_retained_bytes', {}, () => retained.bytes));
  stack.use(metrics.gauge('tributary_session_topic_cache_bytes', {}, () => routes.bytes));
  stack.use(metrics.gauge('tributary_session_batches_unreported', {}, () => hub.unreportedBatches));
  const { book, room, afterlife } = sessions;
  stack.use(metrics.gauge('tributary_session_queues', {}, () => book.size));
  stack.use(metrics.gauge('tributary_session_queued_messages', {}, () => room.messages));
  stack.use(metrics.gauge('tributary_session_queued_bytes', {}, () => room.bytes));
  stack.use(metrics.gauge('tributary_session_journal_bytes', {}, () => sessions.journalBytes));
  stack.use(metrics.gauge('tributary_session_afterlives', {}, () => afterlife.waiting));
  for (const worker of workers) {
    const labels = { partition: String(worker.partition) };
    stack.use(metrics.gauge('tributary_session_log_lag', labels, () => worker.heldBack));
  }
  return stack;
}

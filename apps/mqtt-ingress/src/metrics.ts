import {
  engineLimits,
  reasonText,
  type ClosureKind,
  type EngineCounters,
  type ProtocolVersion,
} from '@tributary/mqtt';
import type { Counter, Histogram, Metrics } from '@tributary/telemetry';
import type { BatchVerdict } from './delivery/channel.ts';
import type { ConnectExcess } from './limits/connect-rates.ts';
import type { PublishExcess } from './limits/publish-rates.ts';

export type DeliveryDrop =
  | 'not-connected'
  | 'repeated'
  | 'invalid'
  | 'full'
  | 'too-large'
  | 'expired'
  | 'socket-busy'
  | 'connection-ended';

/** Limits that the node itself holds devices to; an engine counts its own. */
export type IngressLimit = ConnectExcess | PublishExcess | 'connections' | 'client-id-bytes';

/** The cells of this service's metrics, fetched once: what is counted per message is a plain addition. */
export class IngressMetrics {
  readonly #metrics: Metrics;
  readonly #partitions: PartitionCells[] = [];
  readonly published: readonly [Counter, Counter, Counter];
  readonly publishedBytes: Counter;
  /** By QoS; QoS 0 is never acknowledged. */
  readonly acknowledged: readonly [Counter, Counter, Counter];
  readonly delivered: readonly [Counter, Counter, Counter];
  readonly droppedLogBusy: Counter;
  readonly refusedTopic: Counter;
  readonly repeated: Counter;
  readonly wills: Counter;
  readonly unsubscribes: Counter;
  readonly #settledDone: Counter;
  readonly #settledReceived: Counter;
  readonly #granted: Counter;
  readonly #refused: Counter;
  readonly #drops = new Map<DeliveryDrop, Counter>();
  readonly takeoversHere: Counter;
  readonly takeoversElsewhere: Counter;
  readonly appendDuration: Histogram;
  readonly commitTimeouts: Counter;
  readonly commitWait: Histogram;
  readonly #committed: Counter;
  readonly #ruleGone: Counter;
  /** Sockets not read because of back-pressure. */
  pausedSockets = 0;
  /** Rows given to the log and not settled. */
  pendingRows = 0;
  /** Acknowledgements that wait, or will wait, for Kafka. */
  commitsWaiting = 0;
  /** Bytes of deliveries that wait for a device. */
  deliveryPendingBytes = 0;
  readonly connected = { tcp: 0, websocket: 0 };
  /** Since the start; what `$SYS` tells, and metrics tell by label. */
  readonly totals = { sockets: 0, connections: 0, deliveryDrops: 0 };

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
    const byQos = (
      name:
        | 'tributary_ingress_published_total'
        | 'tributary_ingress_deliveries_total'
        | 'tributary_ingress_acknowledged_total',
    ): readonly [Counter, Counter, Counter] => [
      metrics.counter(name, { qos: '0' }),
      metrics.counter(name, { qos: '1' }),
      metrics.counter(name, { qos: '2' }),
    ];
    this.published = byQos('tributary_ingress_published_total');
    this.acknowledged = byQos('tributary_ingress_acknowledged_total');
    this.delivered = byQos('tributary_ingress_deliveries_total');
    this.publishedBytes = metrics.counter('tributary_ingress_published_bytes_total');
    this.droppedLogBusy = metrics.counter('tributary_ingress_dropped_total', { reason: 'log-busy' });
    this.refusedTopic = metrics.counter('tributary_ingress_refused_publishes_total', {
      reason: 'reserved-topic',
    });
    this.repeated = metrics.counter('tributary_ingress_repeated_total');
    this.wills = metrics.counter('tributary_ingress_wills_total');
    this.#granted = metrics.counter('tributary_ingress_subscribes_total', { result: 'granted' });
    this.#refused = metrics.counter('tributary_ingress_subscribes_total', { result: 'refused' });
    this.unsubscribes = metrics.counter('tributary_ingress_unsubscribes_total');
    this.#settledDone = metrics.counter('tributary_ingress_settlements_total', { stage: 'done' });
    this.#settledReceived = metrics.counter('tributary_ingress_settlements_total', { stage: 'received' });
    this.takeoversHere = metrics.counter('tributary_ingress_takeovers_total', { to: 'this-node' });
    this.takeoversElsewhere = metrics.counter('tributary_ingress_takeovers_total', { to: 'another-node' });
    this.appendDuration = metrics.histogram('tributary_ingress_append_duration_seconds');
    this.commitTimeouts = metrics.counter('tributary_ingress_commit_timeouts_total');
    this.commitWait = metrics.histogram('tributary_ingress_commit_wait_seconds');
    this.#committed = metrics.counter('tributary_ingress_commit_released_total', { reason: 'committed' });
    this.#ruleGone = metrics.counter('tributary_ingress_commit_released_total', { reason: 'rule-gone' });
    metrics.gauge('tributary_ingress_commits_waiting', {}, () => this.commitsWaiting);
    metrics.gauge('tributary_ingress_paused_sockets', {}, () => this.pausedSockets);
    metrics.gauge('tributary_ingress_pending_rows', {}, () => this.pendingRows);
    metrics.gauge('tributary_ingress_delivery_pending_bytes', {}, () => this.deliveryPendingBytes);
    for (const transport of ['tcp', 'websocket'] as const) {
      metrics.gauge('tributary_ingress_connections', { transport }, () => this.connected[transport]);
    }
  }

  opened(transport: 'tcp' | 'websocket'): void {
    this.totals.sockets++;
    this.#metrics.counter('tributary_ingress_connections_opened_total', { transport }).add(1);
  }

  closed(how: ClosureKind): void {
    this.#metrics.counter('tributary_ingress_connections_closed_total', { how }).add(1);
  }

  accepted(version: ProtocolVersion): void {
    this.totals.connections++;
    const protocol = version === 3 ? '3.1' : version === 4 ? '3.1.1' : '5';
    this.#metrics.counter('tributary_ingress_connects_accepted_total', { protocol }).add(1);
  }

  /** @param reason a CONNACK reason code */
  refused(reason: number): void {
    this.#metrics.counter('tributary_ingress_connects_refused_total', { reason: reasonText(reason) }).add(1);
  }

  /** A limit took effect. */
  limited(limit: IngressLimit): void {
    this.#metrics.counter('tributary_ingress_limited_total', { limit }).add(1);
  }

  /** Has what an engine counts read at every scrape. @param refusedStreams closed by listeners at once */
  observe(counters: Readonly<EngineCounters>, refusedStreams: () => number): void {
    const metrics = this.#metrics;
    metrics.observedCounter('tributary_ingress_received_bytes_total', {}, () => counters.bytesReceived);
    metrics.observedCounter(
      'tributary_ingress_packet_checks_refused_total',
      { reason: 'protocol-error' },
      () => counters.protocolErrors,
    );
    metrics.observedCounter('tributary_ingress_internal_errors_total', {}, () => counters.internalErrors);
    const limited = (limit: string, read: () => number): void =>
      metrics.observedCounter('tributary_ingress_limited_total', { limit }, read);
    for (const limit of engineLimits) limited(limit, () => counters.limits[limit]);
    limited('handshake-time', () => counters.connectTimeouts);
    limited('unread-time', () => counters.writeTimeouts);
    limited('streams', refusedStreams);
  }

  reauthenticated(accepted: boolean): void {
    const result = accepted ? 'accepted' : 'refused';
    this.#metrics.counter('tributary_ingress_reauthentications_total', { result }).add(1);
  }

  /** An acknowledgement waits for Kafka no longer. @param committed false: no route asks it to wait any more */
  commitReleased(committed: boolean): void {
    (committed ? this.#committed : this.#ruleGone).add(1);
  }

  /** A PUBLISH did not reach the log or Kafka in time. */
  refusedPublish(reason: number): void {
    this.#metrics.counter('tributary_ingress_refused_publishes_total', { reason: reasonText(reason) }).add(1);
  }

  subscribed(failed: boolean): void {
    (failed ? this.#refused : this.#granted).add(1);
  }

  /** A device was, or was not, attached to a session that outlives connections. */
  attached(result: 'resumed' | 'new' | 'failed'): void {
    this.#metrics.counter('tributary_ingress_attaches_total', { result }).add(1);
  }

  /** A device has settled an entry of its queue. @param received PUBREC has come, and more follows */
  settled(received: boolean): void {
    (received ? this.#settledReceived : this.#settledDone).add(1);
  }

  batch(result: BatchVerdict | 'invalid'): void {
    this.#metrics.counter('tributary_ingress_delivery_batches_total', { result }).add(1);
  }

  dropped(reason: DeliveryDrop): void {
    this.droppedMany(reason, 1);
  }

  droppedMany(reason: DeliveryDrop, count: number): void {
    if (count === 0) return;
    this.totals.deliveryDrops += count;
    let drops = this.#drops.get(reason);
    if (drops === undefined) {
      drops = this.#metrics.counter('tributary_ingress_delivery_drops_total', { reason });
      this.#drops.set(reason, drops);
    }
    drops.add(count);
  }

  appended(partition: number, rows: number, bytes: number, ms: number): void {
    const cells = this.#partition(partition);
    cells.envelopes.add(1);
    cells.rows.add(rows);
    cells.bytes.add(bytes);
    this.appendDuration.record(ms / 1_000);
  }

  retried(partition: number): void {
    this.#partition(partition).retries.add(1);
  }

  gaveUp(partition: number): void {
    this.#partition(partition).failures.add(1);
  }

  #partition(index: number): PartitionCells {
    return (this.#partitions[index] ??= partitionCells(this.#metrics, String(index)));
  }
}

interface PartitionCells {
  readonly envelopes: Counter;
  readonly rows: Counter;
  readonly bytes: Counter;
  readonly retries: Counter;
  readonly failures: Counter;
}

function partitionCells(metrics: Metrics, partition: string): PartitionCells {
  return {
    envelopes: metrics.counter('tributary_ingress_appended_envelopes_total', { partition }),
    rows: metrics.counter('tributary_ingress_appended_rows_total', { partition }),
    bytes: metrics.counter('tributary_ingress_appended_bytes_total', { partition }),
    retries: metrics.counter('tributary_ingress_append_retries_total', { partition }),
    failures: metrics.counter('tributary_ingress_append_failures_total', { partition }),
  };
}

import type { JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { logReaders, streamNames } from '@tributary/contracts';
import { LogError, StreamReader, type CursorRegistry, type Lease, type StreamIdentity } from '@tributary/log';
import type { Service } from '@tributary/service';
import type { settings } from '../config.ts';
import type { DeliveryHub } from '../delivery/delivery-hub.ts';
import type { RetainedStore } from '../retained/retained-store.ts';
import type { Journal } from '../sessions/journal.ts';
import type { SessionBook } from '../sessions/session-book.ts';
import type { Addressing } from './addressing.ts';
import { LogKeeper } from './log-keeper.ts';
import { PartitionRouter } from './partition-router.ts';
import type { Progress } from './progress.ts';
import type { TopicRoutes } from './topic-routes.ts';

export interface PartitionWorkerOptions {
  service: Service<typeof settings>;
  nats: NatsConnection;
  manager: JetStreamManager;
  cursors: CursorRegistry;
  stream: StreamIdentity;
  partition: number;
  routes: TopicRoutes;
  addressing: Addressing;
  book: SessionBook;
  journal: Journal;
  retained: RetainedStore;
  hub: DeliveryHub;
  progress: Progress;
}

/** Routing of one partition, from its cursor on, and the purge of what all readers have passed. */
export class PartitionWorker {
  readonly partition: number;
  readonly #options: PartitionWorkerOptions;
  #router: PartitionRouter | null = null;
  #advanced = -1;
  #halted = false;

  constructor(options: PartitionWorkerOptions) {
    this.partition = options.partition;
    this.#options = options;
  }

  get halted(): boolean {
    return this.#halted;
  }

  /** See PartitionRouter; a partition that stands still has routed nothing lately. */
  get routedMs(): number {
    return this.#halted ? 0 : (this.#router?.routedMs ?? 0);
  }

  /** Last log sequence that neither a node, nor the retained messages, nor a queue may still need from the log. */
  get cursor(): number {
    const { hub, retained, journal, progress } = this.#options;
    const holders = [hub, retained, journal];
    const held = Math.min(...holders.map((holder) => holder.holdsFrom(this.partition)));
    return Math.min(progress.routed(this.partition), held - 1);
  }

  /** Envelopes routed but not passed by the cursor yet. */
  get heldBack(): number {
    return this.#options.progress.routed(this.partition) - this.cursor;
  }

  /** Runs until the lease ends. What must stop for a finding stops this partition only. */
  async run({ signal }: Lease): Promise<void> {
    using keeper = new LogKeeper(this.#options);
    void keeper;
    while (!signal.aborted) {
      try {
        await this.#route(signal);
      } catch (error) {
        if (signal.aborted) return;
        if (isFinding(error)) return this.#halt(error, signal);
        this.#options.service.log.warn({ error, partition: this.partition }, 'routing failed, trying again');
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
    }
  }

  /** Stores how far the partition has come, if that changed. */
  async advance(): Promise<void> {
    const { cursors, stream } = this.#options;
    const { cursor } = this;
    if (this.#router === null || this.#halted || cursor <= this.#advanced) return;
    const { incarnation } = stream;
    await cursors.advance(logReaders.sessionState, this.#generation, this.partition, {
      incarnation,
      sequence: cursor,
    });
    this.#advanced = cursor;
  }

  get #generation(): number {
    return this.#options.service.config['log.generation'];
  }

  async #route(signal: AbortSignal): Promise<void> {
    const { service, nats, cursors, stream, partition, progress, routes, retained, hub } = this.#options;
    const { addressing, book, journal } = this.#options;
    const cursor = await cursors.read(logReaders.sessionState, this.#generation, partition);
    if (cursor === null) throw new LogError('incarnation-unknown', `partition ${partition} has no cursor`);
    if (cursor.incarnation !== stream.incarnation) {
      throw new LogError('incarnation-unknown', `${stream.name} is not the stream that was routed before`);
    }
    const from = Math.max(cursor.sequence, progress.routed(partition)) + 1;
    progress.advance(partition, from - 1);
    const name = streamNames.log(this.#generation, partition);
    const { incarnation } = stream;
    using reader = await StreamReader.open(nats, { stream: name, from, incarnation, signal });
    const labels = { partition: String(partition) };
    const rows = service.metrics.counter('tributary_session_rows_read_total', labels);
    const matched = service.metrics.counter('tributary_session_rows_matched_total', labels);
    const delivered = (['0', '1', '2'] as const).map((qos) =>
      service.metrics.counter('tributary_session_deliveries_total', { qos }),
    );
    const dropped = service.metrics.counter('tributary_session_deliveries_dropped_total', {
      reason: 'node-behind',
    });
    this.#router = new PartitionRouter({
      partition,
      reader,
      batchBytes: service.config['routing.batchBytes'],
      routes,
      addressing,
      book,
      room: () => journal.room(),
      retained,
      hub,
      progress,
      counters: {
        rows: (n) => rows.add(n),
        matched: (n) => matched.add(n),
        delivered: (qos) => delivered[qos]?.add(1),
        dropped: () => dropped.add(1),
      },
      onPoison: (sequence, error) =>
        service.log.error({ error, partition, sequence }, 'an envelope cannot be read and is passed over'),
    });
    await this.#router.run(signal);
  }

  async #halt(error: LogError, signal: AbortSignal): Promise<void> {
    const { service, partition } = this.#options;
    this.#halted = true;
    const component = `partition-${partition}`;
    service.log.error(
      { error, code: error.code, partition },
      'the partition stands still until somebody looks',
    );
    service.health.set(component, false, `${error.code}: ${error.message}`);
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    service.health.remove(component);
  }
}

function isFinding(error: unknown): error is LogError {
  if (!(error instanceof LogError)) return false;
  return (
    error.code === 'position-gap' || error.code === 'position-beyond' || error.code === 'incarnation-unknown'
  );
}

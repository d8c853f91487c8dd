import { setTimeout as sleep } from 'node:timers/promises';
import {
  ContractError,
  FRAME_HEADER_BYTES,
  logReaders,
  logStream,
  OUT_HEADROOM_BYTES,
  outStream,
  streamNames,
} from '@tributary/contracts';
import {
  aborted,
  CheckpointedWriter,
  LogError,
  StreamReader,
  verifyStream,
  type Checkpoint,
  type Lease,
  type LogErrorCode,
  type RegisteredCursor,
} from '@tributary/log';
import { EnvelopeMapper, type Blockage, type ClusterPlan } from '../batch/envelope-mapper.ts';
import { HaltError } from '../errors.ts';
import { LetterMapper } from '../replay/letter-mapper.ts';
import { LetterShelf } from '../replay/letter-shelf.ts';
import { ReplayInput } from '../replay/replay-input.ts';
import { BatchStream } from './batch-stream.ts';
import { BatchWriter } from './batch-writer.ts';
import { catchUp } from './catch-up.ts';
import type { ClusterPartition, MapperContext } from './partition-context.ts';
import { PartitionMetrics } from './partition-metrics.ts';
import { PartitionState } from './partition-state.ts';
import { ProgressReport } from './progress-report.ts';
import { startPosition } from './start-position.ts';

const CURSOR_ATTEMPTS = 10;
const CURSOR_PAUSE_MS = 300;
const RETRY_WARNING_MS = 10_000;

const FINDINGS: ReadonlySet<LogErrorCode> = new Set([
  'position-gap',
  'position-beyond',
  'incarnation-unknown',
  'stream-differs',
]);

/** Maps one partition of the log for one cluster, for as long as a lease lasts. */
export class PartitionWorker {
  readonly place: ClusterPartition;
  readonly state: PartitionState;
  readonly #context: MapperContext;
  readonly #lease: Lease;
  readonly #metrics: PartitionMetrics;
  /** Ends the work: the lease's end, or a failure of one half of it. */
  readonly #stop = new AbortController();

  constructor(context: MapperContext, place: ClusterPartition, lease: Lease) {
    const { cluster, partition } = place;
    this.place = place;
    this.#context = context;
    this.#lease = lease;
    this.#metrics = new PartitionMetrics(context.metrics, cluster, partition);
    this.state = new PartitionState(context, place);
  }

  /**
   * Runs until the lease ends. A finding stops the partition but not this call: the lease is kept, so that nobody
   * tries the same again and again.
   */
  async run(): Promise<void> {
    const { log } = this.#context;
    const { signal } = this.#lease;
    const stop = (): void => this.#stop.abort();
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    using state = this.state;
    try {
      await this.#work();
    } catch (error) {
      if (signal.aborted) return;
      if (!isFinding(error)) throw error;
      log.error({ ...this.place, code: error.code, finding: error.message }, 'partition halted');
      state.halted(error.code, error.message);
      await aborted(signal);
    } finally {
      stop();
      signal.removeEventListener('abort', stop);
    }
  }

  async #work(): Promise<void> {
    const { nats, topology, config, log } = this.#context;
    const { signal } = this.#stop;
    const { writer, checkpoint } = await this.#openWriter();
    const cursor = await this.#cursor(checkpoint !== null);
    // Last: the end of the log is then never behind what was made of it.
    const { partition } = this.place;
    const limits = { maxBytes: config['log.maxBytes'], replicas: config['log.replicas'] };
    const identity = await verifyStream(this.#context.manager, logStream(topology, partition, limits));
    const { name, incarnation } = identity;
    const start = startPosition({ checkpoint: checkpoint?.position ?? null, cursor, log: identity });
    const source = { incarnation, epoch: this.#lease.epoch };
    const batches = new BatchWriter(writer, source, this.#metrics, checkpoint?.position.replay ?? null);
    const covered = await catchUp(start, checkpoint, identity, {
      context: this.#context,
      place: this.place,
      batches,
      maxRowBytes: this.#maxRowBytes,
      signal,
      plan: () => this.#plan(),
    });
    log.info({ ...this.place, epoch: this.#lease.epoch, incarnation, covered }, 'partition starts');

    using reader = await StreamReader.open(nats, {
      stream: name,
      from: covered + 1,
      incarnation,
      signal,
      bufferBytes: config['mapper.bufferBytes'],
    });
    const stream = new BatchStream({
      reader,
      writer: batches,
      mapper: new EnvelopeMapper(this.#maxRowBytes),
      metrics: this.#metrics,
      clock: this.#context.clock,
      covered,
      signal,
      plan: () => this.#plan(),
      blocked: (blockage, plan) => this.#blocked(blockage, plan),
      onFailure: () => this.#stop.abort(),
    });
    this.state.working(stream);
    const report = new ProgressReport(this.#context, this.place, identity, this.state);
    const stop = (): void => this.#stop.abort();
    const replays = this.#replays(batches, stream);
    const [streamed, reported, replayed] = await Promise.allSettled([
      stream.run().finally(stop),
      report.run(signal).finally(stop),
      replays.run(signal).finally(stop),
    ]);
    await report.last();
    for (const half of [reported, streamed, replayed]) if (half.status === 'rejected') throw half.reason;
    if (!this.#lease.signal.aborted) throw new LogError('unreachable', `reading ${name} has ended`);
  }

  #replays(writer: BatchWriter, stream: BatchStream): ReplayInput {
    const { manager, config, topology, log } = this.#context;
    const { cluster, partition } = this.place;
    return new ReplayInput({
      manager,
      place: this.place,
      replicas: config['log.replicas'],
      letters: new LetterShelf(manager, cluster),
      mapper: new LetterMapper(this.#maxRowBytes),
      stream,
      writer,
      out: streamNames.out(cluster, topology.generation, partition),
      outSequence: writer.lastSequence,
      metrics: this.#metrics,
      log,
      plan: () => this.#plan(),
    });
  }

  async #openWriter(): Promise<{ writer: CheckpointedWriter; checkpoint: Checkpoint | null }> {
    const { publisher, manager, topology, config, log } = this.#context;
    const { cluster, partition } = this.place;
    const limits = { maxBytes: config['out.maxBytes'], replicas: config['log.replicas'] };
    const declaration = outStream(cluster, topology, partition, limits);
    await verifyStream(manager, declaration);
    let warnedAtMs = -Infinity;
    try {
      return await CheckpointedWriter.open({
        publisher,
        manager,
        stream: declaration.name,
        subject: declaration.subject,
        signal: this.#stop.signal,
        onRetry: (error) => {
          this.#metrics.outRetries.add();
          if (performance.now() - warnedAtMs < RETRY_WARNING_MS) return;
          warnedAtMs = performance.now();
          log.warn({ ...this.place, error }, 'OUT takes nothing at the moment, trying on');
        },
      });
    } catch (error) {
      if (!(error instanceof ContractError)) throw error;
      const message = `the last message of ${declaration.name} cannot be read: ${error.message}`;
      throw new HaltError('checkpoint-invalid', message, { cause: error });
    }
  }

  /** A replica that is behind may not have heard yet of a reader that was registered a moment ago. */
  async #cursor(started: boolean): Promise<RegisteredCursor | null> {
    const { cursors, topology, log } = this.#context;
    const { cluster, partition } = this.place;
    for (let attempt = 0; attempt < CURSOR_ATTEMPTS && !this.#stop.signal.aborted; attempt++) {
      const cursor = await cursors.read(logReaders.cluster(cluster), topology.generation, partition);
      if (cursor !== null) return cursor;
      await sleep(CURSOR_PAUSE_MS);
    }
    const finding = 'nothing keeps the log for this cluster; apply the mapping again';
    if (started) log.error({ ...this.place, code: 'reader-missing', finding }, 'reader is not registered');
    return null;
  }

  get #maxRowBytes(): number {
    return this.#context.maxPayload - OUT_HEADROOM_BYTES - FRAME_HEADER_BYTES;
  }

  /** The plan in effect; a mapping without this cluster takes the lease away soon. */
  #plan(): ClusterPlan | null | Promise<ClusterPlan | null> {
    const { active } = this.#context;
    const plan = active.current?.plan(this.place.cluster) ?? null;
    if (plan !== null) {
      this.state.version = plan.version;
      return plan;
    }
    if (this.#stop.signal.aborted) return null;
    return active.changed(active.current, this.#stop.signal).then(() => this.#plan());
  }

  async #blocked(blockage: Blockage, plan: ClusterPlan): Promise<void> {
    const { active, log } = this.#context;
    const { current } = active;
    if (current?.plan(this.place.cluster) !== plan) return;
    log.error(
      { ...this.place, ...blockage },
      'partition blocked: the route says to wait for a mapping that can',
    );
    this.state.blocked(blockage);
    await active.changed(current, this.#stop.signal);
    this.state.blocked(null);
  }
}

/** What somebody has to look at before the partition may go on. */
function isFinding(error: unknown): error is HaltError | LogError {
  if (error instanceof HaltError) return true;
  return error instanceof LogError && FINDINGS.has(error.code);
}

import {
  ContractError,
  FRAME_HEADER_BYTES,
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
  type LogRange,
  type Losses,
  type StreamIdentity,
} from '@tributary/log';
import { logLimits } from '@tributary/service';
import { EnvelopeMapper, type Blockage, type ClusterPlan } from '../batch/envelope-mapper.ts';
import { HaltError } from '../errors.ts';
import { LetterMapper } from '../replay/letter-mapper.ts';
import { LetterShelf } from '../replay/letter-shelf.ts';
import { ReplayInput } from '../replay/replay-input.ts';
import { BatchStream } from './batch-stream.ts';
import { BatchWriter } from './batch-writer.ts';
import { catchUp } from './catch-up.ts';
import { isFinding } from './finding.ts';
import type { ClusterPartition, MapperContext } from './partition-context.ts';
import { PartitionMetrics } from './partition-metrics.ts';
import { PartitionState } from './partition-state.ts';
import { ProgressReport } from './progress-report.ts';
import { findStart } from './start-search.ts';

const RETRY_WARNING_MS = 10_000;

/** Maps one partition of the log for one cluster, for as long as a lease lasts. */
export class PartitionWorker {
  readonly place: ClusterPartition;
  readonly state: PartitionState;
  readonly #context: MapperContext;
  readonly #lease: Lease;
  readonly #metrics: PartitionMetrics;
  /** Ends the work: the lease's end, or a failure of one half of it. */
  #stop = new AbortController();

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
      await this.#workOverGaps();
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

  /** What is gone from the log under a reader may have been given up: whoever starts knows how to tell, and goes on. */
  async #workOverGaps(): Promise<void> {
    for (let gapAt = -1; ;) {
      try {
        return await this.#work();
      } catch (error) {
        const gap = error instanceof LogError && error.code === 'position-gap';
        const { covered = 0 } = this.state;
        if (!gap || this.#lease.signal.aborted) throw error;
        // Twice at the same place: not the beginning of the log is gone, but something in it.
        if (covered === gapAt) throw new HaltError('position-gap', error.message, { cause: error });
        gapAt = covered;
        this.#stop = new AbortController();
      }
    }
  }

  async #work(): Promise<void> {
    const { nats, config, log } = this.#context;
    const { signal } = this.#stop;
    const before = await this.#look();
    const { writer, checkpoint } = await this.#openWriter();
    const look = (): Promise<StreamIdentity> => this.#look();
    const { start, cursor, identity } = await findStart(
      { before, checkpoint, look },
      this.#context,
      this.place,
      signal,
    );
    this.state.lost = cursor?.lost ?? null;
    const { name, incarnation } = identity;
    const source = { incarnation, epoch: this.#lease.epoch };
    const batches = new BatchWriter(writer, source, this.#metrics, checkpoint?.position.replay ?? null);
    const covered = await catchUp(start, checkpoint, identity, {
      context: this.#context,
      place: this.place,
      batches,
      maxRowBytes: this.#maxRowBytes,
      signal,
      plan: () => this.#plan(),
      onLost: (range, lost) => this.#lost(range, lost),
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

  /** The log's stream as it is now. */
  #look(): Promise<StreamIdentity> {
    const { config, manager, topology } = this.#context;
    return verifyStream(manager, logStream(topology, this.place.partition, logLimits(config)));
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

  #lost({ from, to }: LogRange, lost: Losses): void {
    this.state.lost = lost;
    this.#context.log.error(
      { ...this.place, from, to, messages: to - from + 1, ever: lost.messages },
      'what was given up for this cluster is gone, goes on behind it',
    );
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

import { setTimeout as sleep } from 'node:timers/promises';
import { outStream, streamNames } from '@tributary/contracts';
import { aborted, LogError, StreamReader, type Lease } from '@tributary/log';
import type { ClusterContext } from '../cluster/cluster-context.ts';
import { DeadLetterStore } from '../dead-letters/dead-letter-store.ts';
import { HaltError } from '../errors.ts';
import { Delivery } from '../kafka/delivery.ts';
import { Partitioner } from '../kafka/partitioner.ts';
import type { TopicWaiter } from '../kafka/topic-directory.ts';
import { OutQueue } from '../out/out-queue.ts';
import { PositionTopic, type FoundPositions } from '../position/position-topic.ts';
import type { EgressPosition } from '../position/position.ts';
import { resumeAt, type OutEnds } from '../position/resume.ts';
import { OutTrimmer } from './out-trimmer.ts';
import { readOutEnds } from './out-ends.ts';
import { letterOf, PartitionIntake } from './partition-intake.ts';
import { PartitionMetrics } from './partition-metrics.ts';
import { PartitionSender } from './partition-sender.ts';

/** How long a send in flight may take to end once the partition is to be let go of, in ms. */
const GRACE_MS = 3_000;
const TRIM_EVERY_MS = 1_000;

/** Brings one partition of one cluster from OUT to Kafka for as long as a lease lasts. */
export class PartitionWorker {
  readonly partition: number;
  readonly trimmer: OutTrimmer;
  readonly #context: ClusterContext;
  readonly #lease: Lease;
  readonly #hard = new AbortController();
  readonly #metrics: PartitionMetrics;
  readonly #where: string;

  constructor(context: ClusterContext, partition: number, lease: Lease) {
    const { cluster, metrics, manager, topology } = context;
    this.#context = context;
    this.#lease = lease;
    this.#where = `${cluster.name}, partition ${partition}`;
    this.#metrics = new PartitionMetrics(metrics, cluster.name, partition);
    this.partition = partition;
    this.trimmer = new OutTrimmer(
      manager,
      streamNames.out(cluster.name, topology.generation, partition),
      streamNames.log(topology.generation, partition),
    );
  }

  /**
   * Runs until the lease ends. A finding stops the partition but not this call: it resolves when the lease ends.
   *
   * @param lost aborted when somebody else may own the partition already: nothing is waited for then
   */
  async run(lost: AbortSignal): Promise<void> {
    const { health, log } = this.#context;
    const stop = this.#lease.signal;
    const hard = this.#hard;
    const giveUp = (): void => hard.abort();
    lost.addEventListener('abort', giveUp, { once: true });
    let grace: NodeJS.Timeout | undefined;
    stop.addEventListener('abort', () => (grace = setTimeout(giveUp, GRACE_MS)), { once: true });
    if (lost.aborted) hard.abort();
    try {
      await this.#work();
    } catch (error) {
      if (!stop.aborted && !lost.aborted) {
        if (!isFinding(error)) throw error;
        log.error({ code: error.code, where: this.#where, error }, 'partition halted');
        health.set(this.partition, 'halted', error.message);
        await aborted(stop);
      }
    } finally {
      hard.abort();
      clearTimeout(grace);
      lost.removeEventListener('abort', giveUp);
      health.clear(this.partition);
    }
  }

  async #work(): Promise<void> {
    const { cluster, config, topology, manager, nats, log } = this.#context;
    const hard = this.#hard.signal;
    await using producer = this.#context.producers.open({
      partition: this.partition,
      signal: hard,
      onAway: (reason) => this.#away(reason),
    });
    const positions = this.#positionTopic();
    const found = await producer.start(positions);
    const limits = { maxBytes: config['out.maxBytes'], replicas: config['log.replicas'] };
    const declaration = outStream(cluster.name, topology, this.partition, limits);
    const incarnation = topology.streams[this.partition]?.incarnation ?? '';
    const ends = await readOutEnds(manager, declaration, incarnation);
    const skipTo = this.#resumeAt(found, ends);
    log.info(
      { where: this.#where, skipTo, from: ends.firstSequence, epoch: this.#lease.epoch },
      'partition starts',
    );

    const queue = new OutQueue({
      records: config['egress.batchRecords'],
      bytes: config['egress.batchBytes'],
    });
    const deadLetters = this.#deadLetterStore();
    const partitioner = new Partitioner(config['egress.batchRecords']);
    const { topics } = this.#context;
    const waiter = this.#waiter();
    const delivery = new Delivery({
      producer,
      topics,
      partitioner,
      waiter,
      refuse: async (records, refusal) => {
        log.warn({ where: this.#where, ...refusal, records: records.length }, 'records become dead letters');
        await deadLetters.put(records.map((record) => letterOf(record, refusal)));
      },
      restorePositionsTopic: () => positions.open(),
    });
    const sender = new PartitionSender({
      queue,
      delivery,
      producer,
      positions,
      formerKeys: found.keys,
      out: ends.incarnation,
      stop: this.#lease.signal,
      hard,
      idleCommitMs: config['egress.idleCommitMs'],
      metrics: this.#metrics,
      onCommitted: (commit) => this.trimmer.committed(commit),
    });
    using reader = await StreamReader.open(nats, {
      stream: declaration.name,
      from: ends.firstSequence,
      incarnation: ends.incarnation,
      signal: AbortSignal.any([hard, this.#lease.signal]),
      bufferBytes: config['egress.bufferBytes'],
    });
    const intake = new PartitionIntake({
      reader,
      queue,
      deadLetters,
      topics,
      partitioner,
      waiter,
      incarnation,
      skipTo,
      onSkipped: (outSequence) => skipTo && this.trimmer.committed({ position: skipTo, outSequence }),
    });
    const trimming = this.#trim();
    try {
      // What was read before a finding is still sent and committed; the finding counts then.
      const reading = intake.run().finally(() => queue.end());
      const sending = sender.run().finally(() => queue.end());
      // Whereas nothing needs to be read that nobody will send.
      sending.catch(() => this.#hard.abort());
      const [read, sent] = await Promise.allSettled([reading, sending]);
      if (sent.status === 'rejected') throw sent.reason;
      if (read.status === 'rejected') throw read.reason;
      if (!this.#lease.signal.aborted && !hard.aborted)
        throw new LogError('unreachable', 'reading OUT has ended');
    } finally {
      this.#hard.abort();
      await trimming;
    }
  }

  #resumeAt(found: FoundPositions, ends: OutEnds): EgressPosition | null {
    try {
      return resumeAt(found.positions, ends, this.#where);
    } catch (error) {
      if (!(error instanceof HaltError) || this.#context.config['egress.unknownPosition'] !== 'restart')
        throw error;
      const { code, message: finding } = error;
      this.#context.log.warn(
        { code, where: this.#where, finding },
        'begins with the first message of OUT, as told',
      );
      return null;
    }
  }

  #positionTopic(): PositionTopic {
    const { admin, cluster, config, topology } = this.#context;
    return new PositionTopic(
      {
        admin,
        topic: config['egress.positionsTopic'],
        partitions: topology.partitions,
        replication: config['egress.positionsReplication'],
        signal: this.#hard.signal,
        onAway: (reason) => this.#away(reason),
      },
      {
        cluster: cluster.name,
        generation: topology.generation,
        partition: this.partition,
        epoch: this.#lease.epoch,
      },
    );
  }

  #deadLetterStore(): DeadLetterStore {
    const { publisher, manager, cluster, health } = this.#context;
    return new DeadLetterStore({
      publisher,
      manager,
      cluster: cluster.name,
      partition: this.partition,
      signal: this.#hard.signal,
      onBlocked: (reason) => health.set(this.partition, 'dead-letters', reason),
      onStored: (letter) => this.#metrics.deadLetter(letter),
    });
  }

  #waiter(): TopicWaiter {
    const { health } = this.#context;
    return {
      signal: this.#hard.signal,
      away: (reason) => this.#away(reason),
      waiting: (reason) => health.set(this.partition, 'topic', reason),
    };
  }

  #away(reason: string | null): void {
    this.#context.health.set(this.partition, 'kafka', reason);
  }

  async #trim(): Promise<void> {
    const { signal } = this.#hard;
    while (!signal.aborted) {
      try {
        if (await this.trimmer.round()) this.#metrics.trims.add();
      } catch (error) {
        // It only costs space until the next round.
        this.#context.log.debug({ where: this.#where, error }, 'OUT was not trimmed');
      }
      await sleep(TRIM_EVERY_MS, undefined, { signal }).catch(() => {});
    }
  }
}

/** What somebody has to look at before the partition may go on. */
function isFinding(error: unknown): error is HaltError | LogError {
  return error instanceof HaltError || (error instanceof LogError && !error.retryable);
}

import { setTimeout as sleep } from 'node:timers/promises';
import { logReaders, StreamMeta } from '@tributary/contracts';
import { LogError, type StreamIdentity } from '@tributary/log';
import type { ClusterPartition, MapperContext } from './partition-context.ts';
import type { PartitionState } from './partition-state.ts';

const EVERY_MS = 1_000;

/** Tells the cursor registry how far OUT has come, and looks whether the log is still the one it was made from. */
export class ProgressReport {
  readonly #context: MapperContext;
  readonly #place: ClusterPartition;
  readonly #log: StreamIdentity;
  readonly #state: PartitionState;
  #reported = -1;
  #warned = false;

  constructor(context: MapperContext, place: ClusterPartition, log: StreamIdentity, state: PartitionState) {
    this.#context = context;
    this.#place = place;
    this.#log = log;
    this.#state = state;
    state.logEnd = log.lastSequence;
  }

  /** Runs until the signal aborts. @throws LogError 'incarnation-unknown', 'position-beyond' */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#look();
      await this.#advance();
      await sleep(EVERY_MS, undefined, { signal }).catch(() => {});
    }
  }

  /** The last report of this owner. If it cannot be made the next owner makes it. */
  async last(): Promise<void> {
    await this.#advance();
  }

  async #look(): Promise<void> {
    const { manager } = this.#context;
    const { name, incarnation } = this.#log;
    let info: Awaited<ReturnType<typeof manager.streams.info>>;
    // Before the log's end is read: it cannot be behind what was read from it.
    const covered = this.#state.covered ?? 0;
    try {
      info = await manager.streams.info(name);
    } catch {
      return; // Away for the moment, or being created anew: the next look tells.
    }
    const found = info.config.metadata?.[StreamMeta.incarnation] ?? '';
    if (found !== incarnation) {
      throw new LogError(
        'incarnation-unknown',
        `${name} is now ${found}, but ${incarnation} was being mapped`,
      );
    }
    if (info.state.last_seq < covered) {
      const message = `${name} ends at ${info.state.last_seq}, but was mapped up to ${covered}: the log lost its end`;
      throw new LogError('position-beyond', message);
    }
    this.#state.logEnd = info.state.last_seq;
  }

  async #advance(): Promise<void> {
    const { cursors, topology, log } = this.#context;
    const { cluster, partition } = this.#place;
    const sequence = this.#state.covered ?? 0;
    if (sequence === this.#reported) return;
    const { incarnation } = this.#log;
    try {
      const known = await cursors.advance(logReaders.cluster(cluster), topology.generation, partition, {
        incarnation,
        sequence,
      });
      this.#reported = sequence;
      if (known || this.#warned) return;
      this.#warned = true;
      log.warn({ ...this.#place }, 'reader is not registered, its progress cannot be reported');
    } catch (error) {
      // It only costs space until the next report.
      log.debug({ ...this.#place, error }, 'progress was not reported');
    }
  }
}

import type { OutPosition, ReplayedLetter, ReplayMark } from '@tributary/contracts';
import type { CheckpointedWriter } from '@tributary/log';
import type { Part } from '../batch/part-cutter.ts';
import type { PartitionMetrics } from './partition-metrics.ts';

/** A range of the log and what was made of it; or an empty range, and what was made of a dead letter. */
export interface Batch {
  readonly from: number;
  readonly sequence: number;
  readonly mapping: number;
  readonly parts: readonly Part[];
  /** Of a dead letter: where the replays are with this batch, */
  readonly replay?: ReplayMark;
  /** and which letter it was. */
  readonly letter?: ReplayedLetter;
}

/** Writes batches to OUT, part by part. */
export class BatchWriter {
  readonly #writer: CheckpointedWriter;
  readonly #source: { readonly incarnation: string; readonly epoch: number };
  readonly #metrics: PartitionMetrics;
  #mark: ReplayMark | null;

  /** `source`: the log's incarnation, and the epoch of the lease. `mark`: what OUT says of replays so far. */
  constructor(
    writer: CheckpointedWriter,
    source: { readonly incarnation: string; readonly epoch: number },
    metrics: PartitionMetrics,
    mark: ReplayMark | null,
  ) {
    this.#writer = writer;
    this.#source = source;
    this.#metrics = metrics;
    this.#mark = mark;
  }

  /** How far replays have come in OUT: every message says it, so that the last one always does. */
  get mark(): ReplayMark | null {
    return this.#mark;
  }

  /** Sequence in OUT of what was written last. */
  get lastSequence(): number {
    return this.#writer.lastSequence;
  }

  /**
   * @param stored how many parts OUT has already
   * @returns the sequence in OUT of the last part
   * @throws LogError 'deposed' or 'closed'
   */
  async write({ from, sequence, mapping, parts, replay, letter }: Batch, stored = 0): Promise<number> {
    if (replay) this.#mark = replay;
    for (const [index, part] of parts.entries()) {
      if (index < stored) continue;
      const position: OutPosition = {
        ...this.#source,
        from,
        sequence,
        part: index + 1,
        parts: parts.length,
        mapping,
        ...(this.#mark && { replay: this.#mark }),
        ...(letter && { letter }),
      };
      await this.#writer.write(position, part.data);
      this.#metrics.stored(part);
    }
    return this.#writer.lastSequence;
  }
}

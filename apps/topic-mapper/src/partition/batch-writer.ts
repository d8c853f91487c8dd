import type { OutPosition } from '@tributary/contracts';
import type { CheckpointedWriter } from '@tributary/log';
import type { Part } from '../batch/part-cutter.ts';
import type { PartitionMetrics } from './partition-metrics.ts';

/** A range of the log and what was made of it. */
export interface Batch {
  readonly from: number;
  readonly sequence: number;
  readonly mapping: number;
  readonly parts: readonly Part[];
}

/** Writes batches to OUT, part by part. */
export class BatchWriter {
  readonly #writer: CheckpointedWriter;
  readonly #source: { readonly incarnation: string; readonly epoch: number };
  readonly #metrics: PartitionMetrics;

  /** `source`: the log's incarnation, and the epoch of the lease. */
  constructor(
    writer: CheckpointedWriter,
    source: { readonly incarnation: string; readonly epoch: number },
    metrics: PartitionMetrics,
  ) {
    this.#writer = writer;
    this.#source = source;
    this.#metrics = metrics;
  }

  /**
   * @param stored how many parts OUT has already
   * @throws LogError 'deposed' or 'closed'
   */
  async write({ from, sequence, mapping, parts }: Batch, stored = 0): Promise<void> {
    for (const [index, part] of parts.entries()) {
      if (index < stored) continue;
      const position: OutPosition = {
        ...this.#source,
        from,
        sequence,
        part: index + 1,
        parts: parts.length,
        mapping,
      };
      await this.#writer.write(position, part.data);
      this.#metrics.stored(part);
    }
  }
}

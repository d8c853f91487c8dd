import type { OutPosition } from './out-position.ts';

/**
 * All of a log partition up to `sequence` is committed in a Kafka cluster, is among its dead letters, or gave nothing. This
 * stays true for ever: of two watermarks of one incarnation the greater one counts, whoever says so.
 */
export interface Watermark {
  /** Incarnation of the log partition's stream. */
  incarnation: string;
  sequence: number;
  /** Lease epoch of the owner who says so; for whoever looks, nothing depends on it. */
  epoch: number;
}

/** Message on `subjects.watermarks(cluster)`, as JSON. Any may be lost: they are repeated, and kept in a bucket. */
export interface WatermarkNotice {
  generation: number;
  marks: (Watermark & { partition: number })[];
}

/** Key of a watermark in `buckets.watermarks`; the value is a `Watermark` as JSON. */
export function watermarkKey(cluster: string, generation: number, partition: number): string {
  return `${cluster}.${generation}.${partition}`;
}

/** The last log sequence that is done with once this message of OUT is: a batch counts when its last part does. */
export function coveredBy({ from, sequence, part, parts }: OutPosition): number {
  return part === parts ? sequence : from - 1;
}

import type { ProducedRecord } from '@tributary/kafka';
import type { OutRecord } from '../out/out-record.ts';
import type { EgressPosition } from '../position/position.ts';

/** Something to be stored in Kafka: a record of OUT, or a position, which is never refused. */
export type Outgoing = OutRecord | PositionRecord;

/** A record of the positions topic. */
export interface PositionRecord extends ProducedRecord {
  readonly positions: true;
  /** Null: the key is removed. */
  readonly position: EgressPosition | null;
}

export function isPosition(record: Outgoing): record is PositionRecord {
  return 'positions' in record;
}

/** Key and value, in bytes. */
export function sizeOf({ key, value }: Outgoing): number {
  return (key?.length ?? 0) + (value?.length ?? 0);
}

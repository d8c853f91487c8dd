import { KafkaDriverError, KafkaErrorCode } from './errors.ts';
import type { ProducedRecord } from './produced-record.ts';

/** Records of one partition that are stored together or not at all. */
export interface PartitionBatch {
  readonly topic: string;
  readonly partition: number;
  readonly records: ProducedRecord[];
  /** Upper bound of the size in the wire format, before compression. */
  bytes: number;
  /** Index of each record within the call. */
  readonly indexes: number[];
}

/** Batches that may travel at once: at most one of each partition. */
export interface Round {
  readonly batches: PartitionBatch[];
  bytes: number;
}

export interface RoundLimits {
  readonly maxBatchBytes: number;
  readonly maxRequestBytes: number;
}

/** Header of a record batch (KIP-98). */
const BATCH_OVERHEAD = 61;
/** Length, attributes, timestamp delta, offset delta, key length, value length and header count at their longest. */
const RECORD_OVERHEAD = 5 + 1 + 10 + 5 + 5 + 5 + 5;

/**
 * Sorts records into rounds. Records of one partition keep their order: a partition's next batch is always in a later round.
 * A record larger than a batch may be gets a round of its own, so that a refusal names it.
 */
export function planRounds(records: readonly ProducedRecord[], limits: RoundLimits): Round[] {
  const rounds: Round[] = [];
  const open = new Map<string, Map<number, { round: number; batch: PartitionBatch }>>();
  /** No record may go to a round before this one: a round of its own stands before it. */
  let floor = 0;
  for (let index = 0; index < records.length; index++) {
    const record = records[index]!;
    checkRecord(record, index);
    const bytes = recordBytes(record);
    if (bytes + BATCH_OVERHEAD > limits.maxBatchBytes) {
      rounds.push({ batches: [newBatch(record, index, bytes)], bytes: bytes + BATCH_OVERHEAD });
      floor = rounds.length;
      continue;
    }
    let partitions = open.get(record.topic);
    if (partitions === undefined) {
      partitions = new Map<number, { round: number; batch: PartitionBatch }>();
      open.set(record.topic, partitions);
    }
    const last = partitions.get(record.partition);
    if (last !== undefined && last.round >= floor && last.batch.bytes + bytes <= limits.maxBatchBytes) {
      const round = rounds[last.round]!;
      if (round.bytes + bytes <= limits.maxRequestBytes) {
        last.batch.records.push(record);
        last.batch.indexes.push(index);
        last.batch.bytes += bytes;
        round.bytes += bytes;
        continue;
      }
    }
    let target = Math.max(floor, last === undefined ? 0 : last.round + 1);
    while (
      target < rounds.length &&
      rounds[target]!.bytes + bytes + BATCH_OVERHEAD > limits.maxRequestBytes
    ) {
      target++;
    }
    const batch = newBatch(record, index, bytes);
    const round = (rounds[target] ??= { batches: [], bytes: 0 });
    round.batches.push(batch);
    round.bytes += batch.bytes;
    partitions.set(record.partition, { round: target, batch });
  }
  return rounds;
}

function newBatch(record: ProducedRecord, index: number, bytes: number): PartitionBatch {
  const { topic, partition } = record;
  return { topic, partition, records: [record], indexes: [index], bytes: bytes + BATCH_OVERHEAD };
}

function recordBytes(record: ProducedRecord): number {
  let bytes = RECORD_OVERHEAD + (record.key?.length ?? 0) + (record.value?.length ?? 0);
  // Three bytes of UTF-8 are the most for a unit of a JavaScript string.
  for (const [name, value] of record.headers) bytes += 10 + 3 * name.length + value.length;
  return bytes;
}

/** What no library checks before it has written half a batch, or turns into something else silently. */
function checkRecord(record: ProducedRecord, recordIndex: number): void {
  const { topic, partition, timestampMs } = record;
  if (!Number.isSafeInteger(partition) || partition < 0 || partition > 0x7fffffff) {
    throw invalid(`partition ${partition} is not one`, record, recordIndex);
  }
  if (!Number.isSafeInteger(timestampMs) || timestampMs < 0) {
    throw invalid(`timestamp ${timestampMs} is not a count of milliseconds`, record, recordIndex);
  }
  if (topic.length === 0) throw invalid('the topic is empty', record, recordIndex);
}

function invalid(what: string, { topic, partition }: ProducedRecord, recordIndex: number): KafkaDriverError {
  return new KafkaDriverError(`Record ${recordIndex} for ${topic}/${partition}: ${what}`, {
    code: KafkaErrorCode.invalidRecord,
    recordFault: true,
    topic,
    partition,
    recordIndex,
  });
}

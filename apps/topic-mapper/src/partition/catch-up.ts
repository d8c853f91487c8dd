import { isReplay, logReaders, streamNames } from '@tributary/contracts';
import { LogError, type Checkpoint, type Losses, type LogRange, type StreamIdentity } from '@tributary/log';
import type { ClusterPlan } from '../batch/envelope-mapper.ts';
import type { BatchWriter } from './batch-writer.ts';
import type { ClusterPartition, MapperContext } from './partition-context.ts';
import type { StartPosition } from './start-position.ts';
import { remakeBatch, remakeReplay } from './unfinished-batch.ts';

export interface CatchUp {
  readonly context: MapperContext;
  readonly place: ClusterPartition;
  readonly batches: BatchWriter;
  readonly maxRowBytes: number;
  readonly signal: AbortSignal;
  plan(): ClusterPlan | null | Promise<ClusterPlan | null>;
  /** A range was given up for this cluster and OUT says so now; with all that it has lost. */
  onLost(range: LogRange, lost: Losses): void;
}

const PROGRESS = { data: new Uint8Array(0), records: 0, deadLetters: null };

/**
 * What a new owner does before it reads on: it finishes the batch that the one before had begun, and says in OUT what
 * is passed over.
 * @returns the log sequence up to which OUT is complete then
 */
export async function catchUp(
  start: StartPosition,
  checkpoint: Checkpoint | null,
  log: StreamIdentity,
  work: CatchUp,
): Promise<number> {
  const { context, place, batches, maxRowBytes, signal } = work;
  let { covered } = start;
  const { unfinished, passOverTo } = start;
  // A replay is made from a letter, whatever the log still holds.
  const canRemake = unfinished !== null && (isReplay(unfinished) || unfinished.from >= log.firstSequence);
  if (canRemake && checkpoint !== null) {
    const { from, sequence, part, parts, mapping } = unfinished;
    context.log.info({ ...place, from, sequence, part, parts, mapping }, 'finishes a batch');
    const data = await storedData(context, place, checkpoint.outSequence);
    const begun = { ...place, position: unfinished, data };
    const batch = isReplay(unfinished)
      ? await remakeReplay(begun, context, maxRowBytes, signal)
      : await remakeBatch(begun, context, maxRowBytes, signal);
    if (batch !== null) await batches.write(batch, part);
    covered = sequence;
  }
  if (passOverTo > covered) {
    context.log.warn(
      { ...place, from: covered + 1, to: passOverTo },
      'passes over what the cluster was not in the mapping for',
    );
    await passOver({ from: covered + 1, to: passOverTo }, work);
    covered = passOverTo;
  }
  if (start.lost === null) return covered;
  // Recorded before it is passed: what OUT has passed is in no way to be told from what was there.
  const { cursors, topology } = context;
  const reader = logReaders.cluster(place.cluster);
  const cursor = await cursors.recordLoss(reader, topology.generation, place.partition, start.lost);
  if (!cursor?.lost) throw new LogError('stream-missing', `${reader} is not registered any more`);
  await passOver(start.lost, work);
  work.onLost(start.lost, cursor.lost);
  return start.lost.to;
}

/** Says in OUT that a range gave nothing, so that positions stay without a hole. */
async function passOver({ from, to }: LogRange, { batches, plan }: CatchUp): Promise<void> {
  const found = await plan();
  if (found === null) throw new LogError('closed', 'the partition was let go of');
  await batches.write({ from, sequence: to, mapping: found.version, parts: [PROGRESS] });
}

async function storedData(
  { manager, topology }: MapperContext,
  { cluster, partition }: ClusterPartition,
  seq: number,
): Promise<Uint8Array> {
  const stream = streamNames.out(cluster, topology.generation, partition);
  const message = await manager.streams.getMessage(stream, { seq });
  if (message === null) throw new LogError('deposed', `the last message of ${stream} has changed`);
  return message.data;
}

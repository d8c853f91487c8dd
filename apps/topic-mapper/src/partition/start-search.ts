import { setTimeout as sleep } from 'node:timers/promises';
import { logReaders } from '@tributary/contracts';
import type { Checkpoint, RegisteredCursor, StreamIdentity } from '@tributary/log';
import { HaltError } from '../errors.ts';
import type { ClusterPartition, MapperContext } from './partition-context.ts';
import { seenAround, startPosition, type StartPosition } from './start-position.ts';

const ATTEMPTS = 10;
const PAUSE_MS = 300;

export interface FoundStart {
  readonly start: StartPosition;
  /** What the registry says of the reader; null if it is not registered. */
  readonly cursor: RegisteredCursor | null;
  /** The log's stream around the moment in which the checkpoint was read. */
  readonly identity: StreamIdentity;
}

export interface Surroundings {
  /** The log as of before the checkpoint was read. */
  readonly before: StreamIdentity;
  /** What the last message of OUT says. */
  readonly checkpoint: Checkpoint | null;
  /** The log as it is now. @throws LogError 'stream-missing', 'stream-differs' */
  look(): Promise<StreamIdentity>;
}

/**
 * Where a partition begins. A replica that is behind may not have heard yet that something was given up: before a gap
 * is a finding, it is asked again for some seconds.
 * @throws HaltError if going on would skip or repeat anything; LogError 'stream-missing', 'stream-differs'
 */
export async function findStart(
  { before, checkpoint, look }: Surroundings,
  context: MapperContext,
  place: ClusterPartition,
  signal: AbortSignal,
): Promise<FoundStart> {
  for (let attempt = 1; ; attempt++) {
    const cursor = await findCursor(checkpoint !== null, context, place, signal);
    const identity = seenAround(before, await look());
    try {
      const start = startPosition({ checkpoint: checkpoint?.position ?? null, cursor, log: identity });
      return { start, cursor, identity };
    } catch (error) {
      const gap = error instanceof HaltError && error.code === 'position-gap';
      if (!gap || cursor === null || attempt === ATTEMPTS || signal.aborted) throw error;
    }
    await sleep(PAUSE_MS);
  }
}

/** A replica that is behind may not have heard yet of a reader that was registered a moment ago. */
async function findCursor(
  started: boolean,
  { cursors, topology, log }: MapperContext,
  { cluster, partition }: ClusterPartition,
  signal: AbortSignal,
): Promise<RegisteredCursor | null> {
  for (let attempt = 0; attempt < ATTEMPTS && !signal.aborted; attempt++) {
    const cursor = await cursors.read(logReaders.cluster(cluster), topology.generation, partition);
    if (cursor !== null) return cursor;
    await sleep(PAUSE_MS);
  }
  const finding = 'nothing keeps the log for this cluster; apply the mapping again';
  if (started) log.error({ cluster, partition, code: 'reader-missing', finding }, 'reader is not registered');
  return null;
}

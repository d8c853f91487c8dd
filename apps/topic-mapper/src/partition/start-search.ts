import { setTimeout as sleep } from 'node:timers/promises';
import { logReaders, logStream } from '@tributary/contracts';
import { verifyStream, type Checkpoint, type RegisteredCursor, type StreamIdentity } from '@tributary/log';
import { HaltError } from '../errors.ts';
import type { ClusterPartition, MapperContext } from './partition-context.ts';
import { startPosition, type StartPosition } from './start-position.ts';

const ATTEMPTS = 10;
const PAUSE_MS = 300;

export interface FoundStart {
  readonly start: StartPosition;
  /** What the registry says of the reader; null if it is not registered. */
  readonly cursor: RegisteredCursor | null;
  /** The log's stream, as of after the two above. */
  readonly identity: StreamIdentity;
}

/**
 * Where a partition begins. A replica that is behind may not have heard yet that something was given up: before a gap
 * is a finding, it is asked again for some seconds.
 * @throws HaltError if going on would skip or repeat anything; LogError 'stream-missing', 'stream-differs'
 */
export async function findStart(
  checkpoint: Checkpoint | null,
  context: MapperContext,
  place: ClusterPartition,
  signal: AbortSignal,
): Promise<FoundStart> {
  const { config, manager, topology } = context;
  const limits = {
    maxBytes: config['log.maxBytes'],
    duplicateWindowMs: config['log.duplicateWindowMs'],
    replicas: config['log.replicas'],
  };
  const declaration = logStream(topology, place.partition, limits);
  for (let attempt = 1; ; attempt++) {
    const cursor = await findCursor(checkpoint !== null, context, place, signal);
    // Last: the end of the log is then never behind what was made of it.
    const identity = await verifyStream(manager, declaration);
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

import type { JetStreamManager } from '@nats-io/jetstream';
import { logStream, outStream, type LogShape, type StreamLimits } from '@tributary/contracts';
import { ensureStream, type StreamIdentity } from './streams.ts';

/** The log as it stands: its shape, and one stream per partition. */
export interface LogTopology extends LogShape {
  /** Indexed by partition. */
  streams: readonly StreamIdentity[];
}

/** Creates or verifies every partition of the log. @throws LogError 'stream-differs' */
export async function ensureLog(
  manager: JetStreamManager,
  shape: LogShape,
  limits: StreamLimits,
): Promise<LogTopology> {
  const partitions = Array.from({ length: shape.partitions }, (_, p) => p);
  const streams = await Promise.all(
    partitions.map((p) => ensureStream(manager, logStream(shape, p, limits))),
  );
  return { ...shape, streams };
}

/** Creates or verifies the OUT stream of every partition for one cluster. @throws LogError 'stream-differs' */
export async function ensureOut(
  manager: JetStreamManager,
  cluster: string,
  shape: LogShape,
  limits: StreamLimits,
): Promise<readonly StreamIdentity[]> {
  const partitions = Array.from({ length: shape.partitions }, (_, p) => p);
  return Promise.all(partitions.map((p) => ensureStream(manager, outStream(cluster, shape, p, limits))));
}

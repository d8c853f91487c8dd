import { randomBytes } from 'node:crypto';
import {
  DiscardPolicy,
  JetStreamApiError,
  RetentionPolicy,
  StorageType,
  type JetStreamManager,
  type StreamConfig,
} from '@nats-io/jetstream';
import { StreamMeta, type StreamDeclaration } from '@tributary/contracts';
import { LogError } from './errors.ts';
import { ApiCode, isApiError } from './api-codes.ts';

export interface StreamIdentity {
  name: string;
  incarnation: string;
  /** Sequence of the first message kept, 1 for a new stream. */
  firstSequence: number;
  /** Sequence of the last message ever stored, 0 for none. */
  lastSequence: number;
}

const NANOS_PER_MS = 1_000_000;

/**
 * Creates the stream, or verifies that the existing one is what was declared.
 * @throws LogError 'stream-differs' naming the first difference, 'store-too-small' if there is no room for its bound.
 */
export async function ensureStream(
  manager: JetStreamManager,
  declaration: StreamDeclaration,
): Promise<StreamIdentity> {
  try {
    await manager.streams.add(streamConfig(declaration));
  } catch (error) {
    if (isApiError(error, ApiCode.storageResourcesExceeded)) {
      throw new LogError(
        'store-too-small',
        `stream ${declaration.name} needs ${declaration.maxBytes} bytes, but the JetStream of the NATS server has not as ` +
          'much left: raise its max_file_store, or lower log.maxBytes or out.maxBytes (docs/outages.md)',
        { cause: error },
      );
    }
    // Somebody else created it, now or earlier, with another incarnation: theirs counts.
    if (!isApiError(error, ApiCode.streamNameInUse)) throw error;
  }
  return verifyStream(manager, declaration);
}

/**
 * @throws LogError 'stream-missing' if it does not exist, 'stream-differs' if it is not what was declared.
 */
export async function verifyStream(
  manager: JetStreamManager,
  declaration: StreamDeclaration,
): Promise<StreamIdentity> {
  const { name } = declaration;
  const { config, state } = await manager.streams.info(name).catch((cause: unknown) => {
    if (cause instanceof JetStreamApiError && cause.code === ApiCode.streamNotFound) {
      throw new LogError('stream-missing', `stream ${name} does not exist`, { cause });
    }
    throw cause;
  });
  for (const [what, want, found] of differences(declaration, config)) {
    throw new LogError(
      'stream-differs',
      `stream ${name} has ${what} ${found ?? '(none)'}, but ${want} is configured; change the setting, or migrate the stream`,
    );
  }
  const incarnation = config.metadata?.[StreamMeta.incarnation];
  if (incarnation === undefined) {
    throw new LogError(
      'stream-differs',
      `stream ${name} was not created by Tributary: it has no incarnation`,
    );
  }
  // The server says 0 until the first message was stored.
  const firstSequence = Math.max(state.first_seq, 1);
  return { name, incarnation, firstSequence, lastSequence: state.last_seq };
}

function streamConfig(declaration: StreamDeclaration): Partial<StreamConfig> & { name: string } {
  return {
    name: declaration.name,
    subjects: [declaration.subject],
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.New,
    storage: StorageType.File,
    max_age: 0,
    max_bytes: declaration.maxBytes,
    num_replicas: declaration.replicas,
    duplicate_window: declaration.duplicateWindowMs * NANOS_PER_MS,
    allow_direct: false,
    ...(declaration.onePerSubject ? { max_msgs_per_subject: 1, discard_new_per_subject: true } : {}),
    metadata: { ...declaration.metadata, [StreamMeta.incarnation]: randomBytes(8).toString('hex') },
  };
}

type Difference = [what: string, want: string | number, found: string | number | undefined];

function* differences(want: StreamDeclaration, found: StreamConfig): Generator<Difference> {
  const pairs: Difference[] = [
    ['subjects', want.subject, found.subjects.join(',')],
    ['retention', RetentionPolicy.Limits, found.retention],
    ['discard policy', DiscardPolicy.New, found.discard],
    ['age limit', 0, found.max_age],
    ['size limit', want.maxBytes, found.max_bytes],
    ['replicas', want.replicas, found.num_replicas],
    ['duplicate window (ms)', want.duplicateWindowMs, found.duplicate_window / NANOS_PER_MS],
    ...Object.entries(want.metadata).map(([key, value]): Difference => [key, value, found.metadata?.[key]]),
  ];
  for (const pair of pairs) if (pair[1] !== pair[2]) yield pair;
}

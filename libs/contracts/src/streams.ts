import { streamNames, subjects } from './subjects.ts';

/** Time in which JetStream recognizes a retried append by its Nats-Msg-Id, unless the log is declared with another. */
export const DUPLICATE_WINDOW_MS = 120_000;

/** Envelopes aim at this size, in bytes ... */
export const ENVELOPE_TARGET_BYTES = 64 * 1024;
/** ... and never exceed this one, except for a single larger message, which travels alone. */
export const ENVELOPE_MAX_BYTES = 256 * 1024;
/**
 * A message of OUT is full when the next row could take it past this size, in bytes; a larger single row travels
 * alone. Where a batch is cut into parts follows from its rows and this number, so that whoever finishes a batch
 * for another makes the same parts: another number needs another log generation.
 */
export const OUT_PART_BYTES = 512 * 1024;
/** What a message of OUT stays below max_payload: room for its NATS headers. */
export const OUT_HEADROOM_BYTES = 1024;

/** What a PUBLISH may be smaller than max_payload: room for the envelope, its names and NATS headers. */
export const ENVELOPE_HEADROOM_BYTES = 64 * 1024;

/** Keys in a stream's metadata. */
export const StreamMeta = {
  kind: 'tributary.kind',
  generation: 'tributary.generation',
  partition: 'tributary.partition',
  partitions: 'tributary.partitions',
  shard: 'tributary.shard',
  /** Random, new with every creation: a restored or re-created stream is another stream. */
  incarnation: 'tributary.incarnation',
} as const;

/** What a stream must be. Everything here but the incarnation is verified against an existing stream. */
export interface StreamDeclaration {
  name: string;
  subject: string;
  maxBytes: number;
  replicas: number;
  duplicateWindowMs: number;
  /** Refuse a second message of a subject instead of dropping an old one. */
  onePerSubject: boolean;
  metadata: Record<string, string>;
}

export interface StreamLimits {
  /** Bound of the stream in bytes; beyond it JetStream refuses appends (discard "new"). */
  maxBytes: number;
  /** 1 (dev) or 3 (production). */
  replicas: number;
  /** Of the log only; default DUPLICATE_WINDOW_MS. */
  duplicateWindowMs?: number;
}

export interface LogShape {
  generation: number;
  partitions: number;
}

export function logStream(shape: LogShape, partition: number, limits: StreamLimits): StreamDeclaration {
  return {
    name: streamNames.log(shape.generation, partition),
    subject: subjects.log(shape.generation, partition),
    onePerSubject: false,
    duplicateWindowMs: DUPLICATE_WINDOW_MS,
    ...limits,
    metadata: { [StreamMeta.kind]: 'log', ...shapeMetadata(shape, partition) },
  };
}

/** Everything a shard's sessions are made of; see SessionJournal in session-state. */
export function sessionJournalStream(
  { generation }: LogShape,
  shard: number,
  limits: StreamLimits,
): StreamDeclaration {
  return {
    name: streamNames.sessionJournal(generation, shard),
    subject: subjects.sessionJournal(generation, shard),
    // Guarded by expected sequences, not by message ids.
    duplicateWindowMs: 1_000,
    onePerSubject: false,
    ...limits,
    metadata: {
      [StreamMeta.kind]: 'sessions',
      [StreamMeta.generation]: String(generation),
      [StreamMeta.shard]: String(shard),
    },
  };
}

export function outStream(
  cluster: string,
  shape: LogShape,
  partition: number,
  limits: StreamLimits,
): StreamDeclaration {
  return {
    name: streamNames.out(cluster, shape.generation, partition),
    subject: subjects.out(cluster, shape.generation, partition),
    // OUT is guarded by expected sequences, not by message ids.
    duplicateWindowMs: 1_000,
    onePerSubject: false,
    ...limits,
    metadata: { [StreamMeta.kind]: 'out', ...shapeMetadata(shape, partition) },
  };
}

export function deadLetterStream(cluster: string, limits: StreamLimits): StreamDeclaration {
  return {
    name: streamNames.deadLetters(cluster),
    subject: subjects.deadLetters(cluster),
    duplicateWindowMs: 1_000,
    onePerSubject: true,
    ...limits,
    metadata: { [StreamMeta.kind]: 'dead-letters' },
  };
}

/** Room for some 80,000 requests that wait. */
const REPLAYS_BYTES = 16 * 1024 * 1024;

export function replayStream(cluster: string, replicas: number): StreamDeclaration {
  return {
    name: streamNames.replays(cluster),
    subject: subjects.replays(cluster),
    duplicateWindowMs: 1_000,
    onePerSubject: true,
    maxBytes: REPLAYS_BYTES,
    replicas,
    metadata: { [StreamMeta.kind]: 'replays' },
  };
}

function shapeMetadata({ generation, partitions }: LogShape, partition: number): Record<string, string> {
  return {
    [StreamMeta.generation]: String(generation),
    [StreamMeta.partition]: String(partition),
    [StreamMeta.partitions]: String(partitions),
  };
}

import { PubHeaders, type JetStreamManager } from '@nats-io/jetstream';
import { ContractError, outHeaders, parseOutHeaders, type OutPosition } from '@tributary/contracts';
import { ApiCode, isApiError } from './api-codes.ts';
import { LogError } from './errors.ts';
import type { Publisher } from './publisher.ts';
import { pause } from './wait.ts';

/** How long one attempt waits for its answer. */
const PUBLISH_MS = 3_000;

/** The last message of a stream that serves as its own checkpoint. */
export interface Checkpoint {
  /** Sequence of that message in the stream. */
  outSequence: number;
  position: OutPosition;
}

/** Reads the last message of a checkpoint stream from its leader. @returns null if nothing was ever written. */
export async function readCheckpoint(
  manager: JetStreamManager,
  stream: string,
  subject: string,
): Promise<Checkpoint | null> {
  try {
    const last = await manager.streams.getMessage(stream, { last_by_subj: subject });
    if (!last) return null;
    return { outSequence: last.seq, position: parseOutHeaders((name) => last.header.get(name)) };
  } catch (error) {
    if (isApiError(error, ApiCode.messageNotFound)) return null;
    throw error;
  }
}

export interface WriterOptions {
  publisher: Publisher;
  manager: JetStreamManager;
  stream: string;
  subject: string;
  /** Ends retries, e.g. when the partition's lease is gone. */
  signal: AbortSignal;
  onRetry?(error: unknown): void;
}

/**
 * Writes a stream whose last message is the writer's checkpoint. Every write expects the sequence of the one
 * before, so of two writers at most one goes on: the other learns at its next write that it was deposed.
 */
export class CheckpointedWriter {
  readonly #options: WriterOptions;
  #lastSequence: number;

  private constructor(options: WriterOptions, lastSequence: number) {
    this.#options = options;
    this.#lastSequence = lastSequence;
  }

  static async open(
    options: WriterOptions,
  ): Promise<{ writer: CheckpointedWriter; checkpoint: Checkpoint | null }> {
    const checkpoint = await readCheckpoint(options.manager, options.stream, options.subject);
    return { writer: new CheckpointedWriter(options, checkpoint?.outSequence ?? 0), checkpoint };
  }

  /** Sequence in the stream of what was written last. */
  get lastSequence(): number {
    return this.#lastSequence;
  }

  /**
   * Stores one message and returns its sequence. Waits and retries while the store is full or away.
   * @throws LogError 'deposed' if somebody else has written, 'closed' if the signal ended the attempts.
   */
  async write(position: OutPosition, data: Uint8Array): Promise<number> {
    const { publisher, stream, subject, signal, onRetry } = this.#options;
    const headers = [
      ...outHeaders(position),
      [PubHeaders.ExpectedLastSeqHdr, String(this.#lastSequence)],
    ] as const;
    for (let attempt = 0; ; attempt++) {
      if (signal.aborted) throw new LogError('closed', `writing ${stream} was ended`);
      try {
        const { seq } = await publisher.publish(subject, data, headers, PUBLISH_MS);
        return (this.#lastSequence = seq);
      } catch (error) {
        if (isApiError(error, ApiCode.wrongLastSequence)) {
          const stored = await this.#resolve(position);
          if (stored !== null) return stored;
        }
        onRetry?.(error);
      }
      await pause(Math.min(20 * 2 ** Math.min(attempt, 6), 1_000), signal);
    }
  }

  /**
   * "Wrong last sequence": either an earlier attempt was stored and its answer lost, or we are deposed. Null: neither is
   * known yet. A leader counts what it has proposed to its replicas, so the write that comes before ours, ours perhaps,
   * may not be stored at this moment, and may never be; or the leader has just gone.
   */
  async #resolve(wanted: OutPosition): Promise<number | null> {
    const { manager, stream, subject, onRetry } = this.#options;
    let last: Checkpoint | null;
    try {
      last = await readCheckpoint(manager, stream, subject);
    } catch (error) {
      if (error instanceof ContractError) throw error;
      onRetry?.(error);
      return null;
    }
    if ((last?.outSequence ?? 0) === this.#lastSequence) return null;
    if (last && samePosition(last.position, wanted)) return (this.#lastSequence = last.outSequence);
    throw new LogError('deposed', `${stream} was written by another owner`);
  }
}

function samePosition(a: OutPosition, b: OutPosition): boolean {
  return (
    a.epoch === b.epoch &&
    a.incarnation === b.incarnation &&
    a.from === b.from &&
    a.sequence === b.sequence &&
    a.part === b.part &&
    a.parts === b.parts &&
    a.mapping === b.mapping
  );
}

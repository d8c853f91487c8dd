import { PubHeaders, type JetStreamManager } from '@nats-io/jetstream';
import { ApiCode, isApiError } from './api-codes.ts';
import { LogError } from './errors.ts';
import type { Publisher } from './publisher.ts';
import { pause } from './wait.ts';

/** How long one attempt waits for its answer. */
const PUBLISH_MS = 3_000;

/** Value of a NATS header, '' if it is absent. */
export type HeaderOf = (name: string) => string;

/** The last message of a stream, as its leader has it. */
export interface LastMessage {
  sequence: number;
  header: HeaderOf;
}

/** @returns null if nothing was ever written to `subject` */
export async function readLast(
  manager: JetStreamManager,
  stream: string,
  subject: string,
): Promise<LastMessage | null> {
  try {
    const last = await manager.streams.getMessage(stream, { last_by_subj: subject });
    return last ? { sequence: last.seq, header: (name) => last.header.get(name) } : null;
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
 * The only writer of a stream. Every write expects the sequence of the one before, so of two writers at most one goes on: the
 * other learns at its next write that it was deposed. Nothing but this order guards the stream: no lease does.
 */
export class FencedWriter {
  readonly #options: WriterOptions;
  #lastSequence: number;

  /** @param lastSequence of the stream, as far as the owner has read it; 0 if nothing was ever written */
  constructor(options: WriterOptions, lastSequence: number) {
    this.#options = options;
    this.#lastSequence = lastSequence;
  }

  /** Sequence in the stream of what was written last. */
  get lastSequence(): number {
    return this.#lastSequence;
  }

  /**
   * Stores one message and returns its sequence. Waits and retries while the store is full or away.
   * @param isOwn whether the last message of the stream is this one: an answer may be lost
   * @throws LogError 'deposed' if somebody else has written, 'closed' if the signal ended the attempts.
   */
  async write(
    headers: readonly (readonly [name: string, value: string])[],
    data: Uint8Array,
    isOwn: (header: HeaderOf) => boolean,
  ): Promise<number> {
    const { publisher, stream, subject, signal, onRetry } = this.#options;
    const fenced = [...headers, [PubHeaders.ExpectedLastSeqHdr, String(this.#lastSequence)]] as const;
    for (let attempt = 0; ; attempt++) {
      if (signal.aborted) throw new LogError('closed', `writing ${stream} was ended`);
      try {
        const { seq } = await publisher.publish(subject, data, fenced, PUBLISH_MS);
        return (this.#lastSequence = seq);
      } catch (error) {
        if (isApiError(error, ApiCode.wrongLastSequence)) {
          const stored = await this.#resolve(isOwn);
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
  async #resolve(isOwn: (header: HeaderOf) => boolean): Promise<number | null> {
    const { manager, stream, subject, onRetry } = this.#options;
    let last: LastMessage | null;
    try {
      last = await readLast(manager, stream, subject);
    } catch (error) {
      onRetry?.(error);
      return null;
    }
    if ((last?.sequence ?? 0) === this.#lastSequence) return null;
    if (last && isOwn(last.header)) return (this.#lastSequence = last.sequence);
    throw new LogError('deposed', `${stream} was written by another owner`);
  }
}

import type { JetStreamManager } from '@nats-io/jetstream';
import { outHeaders, parseOutHeaders, type OutPosition } from '@tributary/contracts';
import { FencedWriter, readLast, type WriterOptions } from './fenced-writer.ts';

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
  const last = await readLast(manager, stream, subject);
  return last && { outSequence: last.sequence, position: parseOutHeaders(last.header) };
}

/** Writes a stream whose last message is the writer's checkpoint. */
export class CheckpointedWriter {
  readonly #writer: FencedWriter;

  private constructor(writer: FencedWriter) {
    this.#writer = writer;
  }

  static async open(
    options: WriterOptions,
  ): Promise<{ writer: CheckpointedWriter; checkpoint: Checkpoint | null }> {
    const checkpoint = await readCheckpoint(options.manager, options.stream, options.subject);
    const writer = new FencedWriter(options, checkpoint?.outSequence ?? 0);
    return { writer: new CheckpointedWriter(writer), checkpoint };
  }

  /** Sequence in the stream of what was written last. */
  get lastSequence(): number {
    return this.#writer.lastSequence;
  }

  /** Stores one message; see FencedWriter. */
  write(position: OutPosition, data: Uint8Array): Promise<number> {
    return this.#writer.write(outHeaders(position), data, (header) =>
      wasStored(parseOutHeaders(header), position),
    );
  }
}

/**
 * After "wrong last sequence": whether the last message of the stream is the one that this writer wanted to store. The epoch
 * tells its own from what another owner made of the same range.
 */
export function wasStored(last: OutPosition, wanted: OutPosition): boolean {
  return (
    last.epoch === wanted.epoch &&
    last.incarnation === wanted.incarnation &&
    last.from === wanted.from &&
    last.sequence === wanted.sequence &&
    last.part === wanted.part &&
    last.parts === wanted.parts &&
    last.mapping === wanted.mapping &&
    last.replay?.count === wanted.replay?.count &&
    last.replay?.request === wanted.replay?.request &&
    last.replay?.requests === wanted.replay?.requests
  );
}

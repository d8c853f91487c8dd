import type { JetStreamManager } from '@nats-io/jetstream';
import { OldestRecord } from './oldest-record.ts';
import type { Commit } from './partition-sender.ts';

/** How much of a partition is not committed yet. */
export interface Lag {
  /** Messages of OUT behind the committed one. */
  readonly outMessages: number;
  /** Bytes that OUT holds. */
  readonly outBytes: number;
  /** Log sequences behind the committed one, whether mapped or not. */
  readonly logSequences: number;
  /** How long the oldest record has waited, in seconds. */
  readonly oldestSeconds: number;
}

/**
 * The first message of OUT that stays; 0 if all do. The message of the committed position itself is kept: OUT is its
 * writer's checkpoint, and a stream forgets the last sequence of a subject together with the message.
 */
export function firstToKeep(commit: Commit | null): number {
  return commit?.outSequence ?? 0;
}

/** Removes from OUT what is committed. */
export class OutTrimmer {
  readonly #manager: JetStreamManager;
  readonly #out: string;
  readonly #log: string;
  readonly #oldest: OldestRecord;
  #trimmed = 0;
  #commit: Commit | null = null;
  #lag: Omit<Lag, 'oldestSeconds'> | null = null;

  /** @param out name of the OUT stream. @param log name of the log's stream */
  constructor(manager: JetStreamManager, out: string, log: string) {
    this.#manager = manager;
    this.#out = out;
    this.#log = log;
    this.#oldest = new OldestRecord(manager, out);
  }

  committed(commit: Commit): void {
    this.#commit = commit;
  }

  get commit(): Commit | null {
    return this.#commit;
  }

  /** As of the last round. */
  get lag(): Lag | null {
    return this.#lag && { ...this.#lag, oldestSeconds: this.#oldest.ageSeconds };
  }

  /** One round. @returns whether something was removed */
  async round(): Promise<boolean> {
    const commit = this.#commit;
    const first = firstToKeep(commit);
    const trims = first > this.#trimmed;
    if (trims) {
      await this.#manager.streams.purge(this.#out, { seq: first });
      this.#trimmed = first;
    }
    const [out, log] = await Promise.all([
      this.#manager.streams.info(this.#out),
      this.#manager.streams.info(this.#log),
    ]);
    this.#lag = {
      outMessages: Math.max(0, out.state.last_seq - (commit?.outSequence ?? out.state.first_seq - 1)),
      outBytes: out.state.bytes,
      logSequences: Math.max(0, log.state.last_seq - (commit?.position.sequence ?? 0)),
    };
    // Until Kafka has said how far it is: what is kept of a trimmed OUT was committed.
    const { first_seq, last_seq } = out.state;
    const committed = commit?.outSequence ?? (first_seq > 1 ? first_seq : 0);
    await this.#oldest.look(committed + 1, last_seq);
    return trims;
  }
}

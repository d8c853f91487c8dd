import { setTimeout as sleep } from 'node:timers/promises';
import { PubHeaders, type JetStreamManager } from '@nats-io/jetstream';
import {
  DeadLetterHeader,
  deadLetterData,
  deadLetterHeaders,
  OUT_HEADROOM_BYTES,
  OutKind,
  streamNames,
  subjects,
  type DeadLetter,
} from '@tributary/contracts';
import { ApiCode, isApiError, type Publisher } from '@tributary/log';
import type { OriginalRows } from './original-rows.ts';

export interface DeadLetterStoreOptions {
  readonly publisher: Publisher;
  readonly manager: JetStreamManager;
  readonly cluster: string;
  /** Partition of the log. */
  readonly partition: number;
  /** Finds what refused records were made from. */
  readonly originals: OriginalRows;
  /** Largest message the server takes, in bytes. */
  readonly maxPayload: number;
  readonly signal: AbortSignal;
  /** Called with the reason each time a letter could not be stored, with null when it could again. */
  onBlocked(reason: string | null): void;
  /** Called once for each letter that is stored and was not before. */
  onStored(letter: DeadLetter): void;
}

/** Letters on their way at once: as many, or as many bytes, but always one. */
const WINDOW = 64;
const WINDOW_BYTES = 4 * 1024 * 1024;
const PUBLISH_MS = 5_000;
const LONGEST_PAUSE_MS = 2_000;

/** Stores dead letters, each once however often it is put. While the store is full or away, putting waits. */
export class DeadLetterStore {
  readonly #options: DeadLetterStoreOptions;
  #waiting = 0;

  constructor(options: DeadLetterStoreOptions) {
    this.#options = options;
  }

  /** Resolves when all are stored. Rejects if the signal ended the attempts. */
  async put(letters: readonly DeadLetter[]): Promise<void> {
    const { originals, maxPayload } = this.#options;
    let window: [DeadLetter, Buffer][] = [];
    let bytes = 0;
    for (const letter of letters) {
      const original = letter.row.kind === OutKind.record ? await originals.find(letter) : null;
      const data = deadLetterData({ ...letter, original }, maxPayload - OUT_HEADROOM_BYTES);
      window.push([letter, data]);
      bytes += data.length;
      if (window.length < WINDOW && bytes < WINDOW_BYTES) continue;
      await this.#putAll(window);
      window = [];
      bytes = 0;
    }
    originals.forget();
    await this.#putAll(window);
  }

  async #putAll(window: readonly [DeadLetter, Buffer][]): Promise<void> {
    await Promise.all(window.map(([letter, data]) => this.#putOne(letter, data)));
  }

  async #putOne(letter: DeadLetter, data: Buffer): Promise<void> {
    const { signal, onBlocked, onStored } = this.#options;
    let subject = this.#subject(letter);
    let blocked = false;
    for (let attempt = 0; ; attempt++) {
      signal.throwIfAborted();
      try {
        await this.#publish(subject, letter, data);
        onStored(letter);
        break;
      } catch (error) {
        if (isApiError(error, ApiCode.wrongLastSequence)) {
          const stored = await this.#incarnationOf(subject);
          if (stored === letter.incarnation) break;
          // The same id in another life of the log: its letter stays, this one stands beside it.
          if (stored !== undefined) {
            subject = `${this.#subject(letter)}.${letter.incarnation}`;
            continue;
          }
        }
        if (!blocked) this.#waiting++;
        blocked = true;
        onBlocked(reasonOf(error));
      }
      await sleep(Math.min(50 * 2 ** Math.min(attempt, 6), LONGEST_PAUSE_MS), undefined, { signal });
    }
    if (blocked && --this.#waiting === 0) onBlocked(null);
  }

  async #publish(subject: string, letter: DeadLetter, data: Buffer): Promise<void> {
    const { publisher, cluster } = this.#options;
    const headers = [
      ...deadLetterHeaders(letter),
      [PubHeaders.ExpectedLastSubjectSequenceHdr, '0'],
      [PubHeaders.ExpectedStreamHdr, streamNames.deadLetters(cluster)],
    ] as const;
    await publisher.publish(subject, data, headers, PUBLISH_MS);
  }

  async #incarnationOf(subject: string): Promise<string | undefined> {
    const stream = streamNames.deadLetters(this.#options.cluster);
    try {
      const stored = await this.#options.manager.streams.getMessage(stream, { last_by_subj: subject });
      return stored?.header.get(DeadLetterHeader.incarnation);
    } catch {
      return undefined;
    }
  }

  #subject({ replayOf, row: { logSequence, row, route } }: DeadLetter): string {
    const { cluster, partition } = this.#options;
    // A letter that no route made has no name to give, and a subject has no empty part.
    const id = subjects.deadLetter(cluster, partition, logSequence, row, route || '_');
    return replayOf === 0 ? id : subjects.deadLetterAgain(id, replayOf);
  }
}

function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  if (isApiError(error, ApiCode.maximumBytes)) {
    return `the dead letter store is full (${text}): discard letters, or raise deadLetters.maxBytes`;
  }
  return `a dead letter cannot be stored: ${text}`;
}

import { setTimeout as sleep } from 'node:timers/promises';
import { PubHeaders, type JetStreamManager } from '@nats-io/jetstream';
import {
  DeadLetterHeader,
  deadLetterData,
  deadLetterHeaders,
  streamNames,
  subjects,
  type DeadLetter,
} from '@tributary/contracts';
import { ApiCode, isApiError, type Publisher } from '@tributary/log';

export interface DeadLetterStoreOptions {
  readonly publisher: Publisher;
  readonly manager: JetStreamManager;
  readonly cluster: string;
  /** Partition of the log. */
  readonly partition: number;
  readonly signal: AbortSignal;
  /** Called with the reason each time a letter could not be stored, with null when it could again. */
  onBlocked(reason: string | null): void;
  /** Called once for each letter that is stored and was not before. */
  onStored(letter: DeadLetter): void;
}

/** Letters on their way at once. */
const WINDOW = 64;
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
    for (let at = 0; at < letters.length; at += WINDOW) {
      await Promise.all(letters.slice(at, at + WINDOW).map((letter) => this.#putOne(letter)));
    }
  }

  async #putOne(letter: DeadLetter): Promise<void> {
    const { signal, onBlocked, onStored } = this.#options;
    const data = deadLetterData(letter);
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

  #subject({ row: { logSequence, row, route } }: DeadLetter): string {
    const { cluster, partition } = this.#options;
    // A letter that no route made has no name to give, and a subject has no empty part.
    return subjects.deadLetter(cluster, partition, logSequence, row, route || '_');
  }
}

function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  if (isApiError(error, ApiCode.maximumBytes)) {
    return `the dead letter store is full (${text}): discard letters, or raise deadLetters.maxBytes`;
  }
  return `a dead letter cannot be stored: ${text}`;
}

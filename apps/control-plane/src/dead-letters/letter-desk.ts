import { PubHeaders, type JetStreamClient, type JetStreamManager, type StoredMsg } from '@nats-io/jetstream';
import { replayStream, streamNames, subjects } from '@tributary/contracts';
import { ensureStream, isWrongLastSequence, type Publisher } from '@tributary/log';
import { placeOf, scanLetters, type LetterFilter, type ScanPage } from './letter-scan.ts';

/** A letter and where it lies. */
export type LetterId = Pick<StoredMsg, 'subject'> & { readonly sequence: number };

/** Which letters are meant: these, or those that a look at the letters found. */
export interface Selection {
  readonly letters: readonly LetterId[];
  /** Ids that name no letter. */
  readonly missing: number;
  readonly nextAfter: number;
}

export interface LetterDeskOptions {
  readonly js: JetStreamClient;
  readonly manager: JetStreamManager;
  readonly publisher: Publisher;
  readonly replicas: number;
}

/** Calls on their way to the server at once. */
const WINDOW = 64;
const PUBLISH_MS = 5_000;

/** Finds dead letters, asks for their replay, and removes them. Holds nothing itself: there may be several. */
export class LetterDesk {
  readonly #options: LetterDeskOptions;

  constructor(options: LetterDeskOptions) {
    this.#options = options;
  }

  scan(cluster: string, filter: LetterFilter, after: number, limit: number): Promise<ScanPage> {
    return scanLetters(this.#options, cluster, filter, after, limit);
  }

  /** @returns null if there is no such letter */
  get(cluster: string, sequence: number): Promise<StoredMsg | null> {
    return this.#options.manager.streams.getMessage(streamNames.deadLetters(cluster), { seq: sequence });
  }

  async find(cluster: string, sequences: readonly number[]): Promise<Selection> {
    const found = await inWindows([...new Set(sequences)], async (sequence) => {
      const message = await this.get(cluster, sequence);
      return message && { sequence, subject: message.subject };
    });
    const letters = found.filter((letter) => letter !== null);
    return { letters, missing: found.length - letters.length, nextAfter: 0 };
  }

  /** Asks for a replay of each. One that was asked for and is not done is not asked for again: `pending`. */
  async replay(
    cluster: string,
    letters: readonly LetterId[],
  ): Promise<{ requested: number; pending: number }> {
    const { manager, publisher, replicas } = this.#options;
    await ensureStream(manager, replayStream(cluster, replicas));
    const asked = await inWindows(letters, async ({ sequence, subject }) => {
      const request = subjects.replay(cluster, placeOf(subject).partition, sequence);
      const once = [
        [PubHeaders.ExpectedLastSubjectSequenceHdr, '0'],
        [PubHeaders.ExpectedStreamHdr, streamNames.replays(cluster)],
      ] as const;
      try {
        await publisher.publish(request, Buffer.from(subject), once, PUBLISH_MS);
        return true;
      } catch (error) {
        if (isWrongLastSequence(error)) return false;
        throw error;
      }
    });
    const requested = asked.filter(Boolean).length;
    return { requested, pending: asked.length - requested };
  }

  /** @returns how many were removed; the others were gone already */
  async discard(cluster: string, letters: readonly LetterId[]): Promise<number> {
    const { manager } = this.#options;
    const removed = await inWindows(letters, async ({ sequence, subject }) => {
      const upTo = { filter: subject, seq: sequence + 1 };
      return (await manager.streams.purge(streamNames.deadLetters(cluster), upTo)).purged;
    });
    return removed.reduce((sum, count) => sum + count, 0);
  }
}

/** Some at a time, in order. Rejects with the first failure, when all of its window have ended. */
async function inWindows<T, R>(all: readonly T[], each: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < all.length; at += WINDOW) {
    const settled = await Promise.allSettled(all.slice(at, at + WINDOW).map(each));
    for (const result of settled) {
      if (result.status === 'rejected') throw result.reason;
      results.push(result.value);
    }
  }
  return results;
}

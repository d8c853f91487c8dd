import type { JetStreamManager } from '@nats-io/jetstream';
import { openDeadLetter, streamNames, type DeadLetter, type ReplayRequest } from '@tributary/contracts';
import { ApiCode, isApiError } from '@tributary/log';

/** The dead letters of a cluster, as those see them who replay. Reads are answered by the stream's leader. */
export class LetterShelf {
  readonly #manager: JetStreamManager;
  readonly #stream: string;

  constructor(manager: JetStreamManager, cluster: string) {
    this.#manager = manager;
    this.#stream = streamNames.deadLetters(cluster);
  }

  /** @returns null if there is no letter of this sequence. @throws ContractError if it cannot be read */
  async find(sequence: number): Promise<{ letter: DeadLetter; subject: string } | null> {
    try {
      const message = await this.#manager.streams.getMessage(this.#stream, { seq: sequence });
      if (message === null) return null;
      const { header, data, subject, time } = message;
      return { letter: openDeadLetter((name) => header.get(name), data, time.getTime()), subject };
    } catch (error) {
      if (isApiError(error, ApiCode.streamNotFound)) return null;
      throw error;
    }
  }

  /** Removes the letter if it is still there, and no other. */
  async remove({ letter, subject }: ReplayRequest): Promise<void> {
    try {
      await this.#manager.streams.purge(this.#stream, { filter: subject, seq: letter + 1 });
    } catch (error) {
      if (!isApiError(error, ApiCode.streamNotFound)) throw error;
    }
  }
}

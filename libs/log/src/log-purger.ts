import type { JetStreamManager } from '@nats-io/jetstream';
import { DUPLICATE_WINDOW_MS, StreamMeta, streamNames } from '@tributary/contracts';
import type { CursorEntry, CursorRegistry } from './cursors.ts';
import { behindOf, giveUpTo, isShort, lowestOf, purgeableUpTo, type LogContent } from './log-room.ts';

export interface PurgerOptions {
  readonly duplicateWindowMs?: number;
  /** Share of the log's bound beyond which optional readers are moved on; 1: never. */
  readonly optionalFill?: number;
  /** A reader was moved on: `entry` is its cursor now. `messages`: by how many messages of the log. */
  onGivenUp?(entry: CursorEntry, messages: number): void;
  /** What the log holds, after each round. */
  onContent?(content: LogContent): void;
}

/** Steps in one round: each makes about half of the room that is missing. */
const STEPS = 8;

/**
 * Purges one log partition up to what every declared reader has passed. What was stored within the duplicate
 * window stays, because JetStream recognizes a retried envelope only as long as that is true of its id.
 *
 * When the log is short of room all the same, optional readers that are behind are moved on (ADR 13): first their cursor
 * says what they do not get, then it is removed. Several purgers at once are harmless: a cursor is replaced by revision,
 * and nothing is removed that a cursor does not give up.
 */
export class LogPurger {
  readonly #manager: JetStreamManager;
  readonly #cursors: CursorRegistry;
  readonly #options: PurgerOptions;
  readonly #windowMs: number;
  /** Ends of the log seen in the past, oldest first. */
  readonly #seen: { atMs: number; sequence: number }[] = [];

  constructor(manager: JetStreamManager, cursors: CursorRegistry, options: PurgerOptions = {}) {
    this.#manager = manager;
    this.#cursors = cursors;
    this.#options = options;
    this.#windowMs = options.duplicateWindowMs ?? DUPLICATE_WINDOW_MS;
  }

  /** One round. @returns the number of messages removed. */
  async purge(generation: number, partition: number): Promise<number> {
    const stream = streamNames.log(generation, partition);
    const info = await this.#manager.streams.info(stream);
    const settled = this.#settled(info.state.last_seq);
    const readers = await this.#cursors.readers(generation, partition);
    let content = contentOf(info);
    const lowest = lowestOf(
      readers.map(({ cursor }) => cursor),
      content.incarnation,
    );
    const upTo = purgeableUpTo(lowest, settled);
    let purged = upTo < info.state.first_seq ? 0 : await this.#remove(stream, upTo);
    if (purged > 0) content = await this.#content(stream);
    if (isShort(content, this.#options.optionalFill ?? 1)) {
      purged += await this.#giveUp(stream, content, readers, settled);
      content = await this.#content(stream);
    }
    this.#options.onContent?.(content);
    return purged;
  }

  /** Up to here the log has been stored for longer than the duplicate window, as far as was seen. */
  #settled(lastSequence: number): number {
    const now = performance.now();
    this.#seen.push({ atMs: now, sequence: lastSequence });
    while (this.#seen[1] && this.#seen[1].atMs <= now - this.#windowMs) this.#seen.shift();
    const oldest = this.#seen[0];
    return oldest && oldest.atMs <= now - this.#windowMs ? oldest.sequence : 0;
  }

  async #giveUp(
    stream: string,
    found: LogContent,
    known: readonly CursorEntry[],
    settled: number,
  ): Promise<number> {
    const { optionalFill = 1, onGivenUp } = this.#options;
    let purged = 0;
    let content = found;
    let readers = known;
    for (let step = 0; step < STEPS; step++) {
      const upTo = giveUpTo(content, readers, settled, optionalFill);
      if (upTo === null) break;
      for (const reader of behindOf(readers, upTo, content.incarnation)) {
        const moved = await this.#cursors.moveOn(reader, upTo);
        // It has moved by itself, or is waited for by now: the next round looks again.
        if (moved === null) return purged;
        onGivenUp?.(moved, upTo - reader.cursor.sequence);
        readers = readers.map((each) => (each === reader ? moved : each));
      }
      purged += await this.#remove(stream, upTo);
      content = await this.#content(stream);
    }
    return purged;
  }

  async #remove(stream: string, upTo: number): Promise<number> {
    const { purged } = await this.#manager.streams.purge(stream, { seq: upTo + 1 });
    return purged;
  }

  async #content(stream: string): Promise<LogContent> {
    return contentOf(await this.#manager.streams.info(stream));
  }
}

function contentOf({ config, state }: StreamInfo): LogContent {
  return {
    incarnation: config.metadata?.[StreamMeta.incarnation] ?? '',
    firstSequence: Math.max(state.first_seq, 1),
    messages: state.messages,
    bytes: state.bytes,
    maxBytes: config.max_bytes,
  };
}

type StreamInfo = Awaited<ReturnType<JetStreamManager['streams']['info']>>;

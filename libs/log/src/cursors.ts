import { setTimeout as delay } from 'node:timers/promises';
import type { KV } from '@nats-io/kv';
import type { JetStreamManager } from '@nats-io/jetstream';
import { DUPLICATE_WINDOW_MS, streamNames } from '@tributary/contracts';
import { isWrongLastSequence } from './api-codes.ts';
import type { LogTopology } from './topology.ts';

/** How far a declared reader has come in one log partition: all up to and including `sequence` is done with. */
export interface Cursor {
  incarnation: string;
  sequence: number;
}

/** A cursor as it is stored. */
export interface RegisteredCursor extends Cursor {
  /** Where the reader began when it was registered: what is before was never its business. */
  since: number;
}

/** Where a cursor stands in the bucket. */
export interface CursorEntry {
  reader: string;
  generation: number;
  partition: number;
  /** Changes with every report and registration. */
  revision: number;
}

/** Pause before a cursor that somebody else is writing is looked at again, in ms. */
const UNDER_WAY_MS = 20;

/**
 * The declared readers of the log. A reader that is registered holds back the purge until it has passed; who
 * is not registered is not waited for, so registration comes before a mapping that needs the reader.
 */
export class CursorRegistry {
  readonly #kv: KV;

  /** @param kv `buckets.cursors` */
  constructor(kv: KV) {
    this.#kv = kv;
  }

  /**
   * Registers a reader for every partition at the log's end as `log` has it. A reader registered already keeps its
   * cursor, but its revision changes: whoever was about to `forget` it does not any more.
   */
  async register(reader: string, log: LogTopology): Promise<void> {
    await Promise.all(
      log.streams.map(({ incarnation, lastSequence }, partition) => {
        const cursor = { incarnation, sequence: lastSequence, since: lastSequence };
        return this.#registerOne(cursorKey(reader, log.generation, partition), cursor);
      }),
    );
  }

  async #registerOne(key: string, cursor: RegisteredCursor): Promise<void> {
    for (;;) {
      const known = await this.#kv.get(key);
      try {
        // By revision in both cases: a stale read must neither move a reader to the log's end nor back.
        if (known?.operation === 'PUT') await this.#kv.put(key, known.value, { previousSeq: known.revision });
        else await this.#kv.create(key, JSON.stringify(cursor));
        return;
      } catch (error) {
        if (!isWrongLastSequence(error)) throw error;
        // Perhaps the other write is still under way, and may fail yet.
        await delay(UNDER_WAY_MS);
      }
    }
  }

  /** Forgets a reader: it holds back nothing any more. */
  async remove(reader: string, log: LogTopology): Promise<void> {
    await Promise.all(log.streams.map((_, p) => this.#kv.delete(cursorKey(reader, log.generation, p))));
  }

  async read(reader: string, generation: number, partition: number): Promise<RegisteredCursor | null> {
    const entry = await this.#kv.get(cursorKey(reader, generation, partition));
    return entry && entry.operation === 'PUT' ? entry.json<RegisteredCursor>() : null;
  }

  /**
   * Reports progress. Only the owner of the partition calls this. A reader that was removed meanwhile is not
   * brought back: it would hold the log up for ever.
   * @returns false if the reader is not registered (any more)
   */
  async advance(reader: string, generation: number, partition: number, cursor: Cursor): Promise<boolean> {
    const key = cursorKey(reader, generation, partition);
    const entry = await this.#kv.get(key);
    if (!entry || entry.operation !== 'PUT') return false;
    const { since } = entry.json<RegisteredCursor>();
    const value: RegisteredCursor = { ...cursor, since };
    try {
      await this.#kv.put(key, JSON.stringify(value), { previousSeq: entry.revision });
    } catch (error) {
      // Changed between the two calls, or the read was stale: the next report will see.
      if (!isWrongLastSequence(error)) throw error;
    }
    return true;
  }

  /** Every cursor of every declared reader. */
  async entries(): Promise<CursorEntry[]> {
    const entries: CursorEntry[] = [];
    for await (const key of await this.#kv.keys()) {
      const entry = await this.#kv.get(key);
      if (!entry || entry.operation !== 'PUT') continue;
      const [reader = '', generation, partition] = key.split('.');
      const { revision } = entry;
      entries.push({ reader, generation: Number(generation), partition: Number(partition), revision });
    }
    return entries;
  }

  /** Forgets one cursor. @returns false if it has been moved or registered anew since `entry` was read */
  async forget(entry: CursorEntry): Promise<boolean> {
    const key = cursorKey(entry.reader, entry.generation, entry.partition);
    try {
      await this.#kv.delete(key, { previousSeq: entry.revision });
      return true;
    } catch (error) {
      if (isWrongLastSequence(error)) return false;
      throw error;
    }
  }

  /** The lowest cursor of all declared readers of a partition; null if there is no reader. */
  async lowest(generation: number, partition: number): Promise<number | null> {
    let lowest: number | null = null;
    const keys = await this.#kv.keys(cursorKey('*', generation, partition));
    for await (const key of keys) {
      const entry = await this.#kv.get(key);
      if (!entry || entry.operation !== 'PUT') continue;
      const { sequence } = entry.json<Cursor>();
      lowest = lowest === null ? sequence : Math.min(lowest, sequence);
    }
    return lowest;
  }
}

function cursorKey(reader: string, generation: number, partition: number): string {
  return `${reader}.${generation}.${partition}`;
}

/**
 * Purges one log partition up to what every declared reader has passed. What was stored within the duplicate
 * window stays, because JetStream recognizes a retried envelope only as long as that is true of its id.
 */
export class LogPurger {
  readonly #manager: JetStreamManager;
  readonly #cursors: CursorRegistry;
  /** Ends of the log seen in the past, oldest first. */
  readonly #seen: { atMs: number; sequence: number }[] = [];

  constructor(manager: JetStreamManager, cursors: CursorRegistry) {
    this.#manager = manager;
    this.#cursors = cursors;
  }

  /** One round. @returns the number of messages removed. */
  async purge(generation: number, partition: number): Promise<number> {
    const stream = streamNames.log(generation, partition);
    const { state } = await this.#manager.streams.info(stream);
    const now = performance.now();
    this.#seen.push({ atMs: now, sequence: state.last_seq });
    let old = 0;
    while (this.#seen[1] && this.#seen[1].atMs <= now - DUPLICATE_WINDOW_MS) this.#seen.shift();
    const oldest = this.#seen[0];
    if (oldest && oldest.atMs <= now - DUPLICATE_WINDOW_MS) old = oldest.sequence;
    const lowest = await this.#cursors.lowest(generation, partition);
    const upTo = Math.min(lowest ?? 0, old);
    if (upTo < state.first_seq) return 0;
    const { purged } = await this.#manager.streams.purge(stream, { seq: upTo + 1 });
    return purged;
  }
}

import { setTimeout as delay } from 'node:timers/promises';
import type { KV } from '@nats-io/kv';
import { isWrongLastSequence } from './api-codes.ts';
import {
  advanced,
  movedOn,
  withLoss,
  type Cursor,
  type LogRange,
  type RegisteredCursor,
} from './cursor-record.ts';
import type { LogTopology } from './topology.ts';

/** Where a cursor stands in the bucket. */
export interface CursorEntry {
  reader: string;
  generation: number;
  partition: number;
  /** Changes with every report and registration. */
  revision: number;
  cursor: RegisteredCursor;
}

/** A cursor may be changed between the read and the write of a report. */
const ADVANCE_ATTEMPTS = 3;
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
   * Registers a reader for every partition at the log's end as `log` has it, as one that is waited for. A reader
   * registered already keeps its cursor, but its revision changes: whoever was about to `forget` it, or to move it on
   * because it was optional, does not any more.
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
        if (known?.operation === 'PUT') {
          const { optional: _, ...value } = known.json<RegisteredCursor>();
          await this.#kv.put(key, JSON.stringify(value), { previousSeq: known.revision });
        } else await this.#kv.create(key, JSON.stringify(cursor));
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
   * brought back: it would hold the log up for ever. One that was moved on meanwhile is not moved back.
   * @returns false if the reader is not registered (any more)
   */
  async advance(reader: string, generation: number, partition: number, cursor: Cursor): Promise<boolean> {
    for (let attempt = 0; attempt < ADVANCE_ATTEMPTS; attempt++) {
      const entry = await this.#entry(cursorKey(reader, generation, partition));
      if (entry === null) return false;
      if ((await this.#replace(entry, advanced(entry.cursor, cursor))) !== null) return true;
    }
    // Changed by somebody again and again, or the reads were stale: the next report will see.
    return true;
  }

  /**
   * Moves a reader on over what it has not read: nobody waits for it any more up to there, and its record says so.
   * @returns the entry as it is then; null if the reader has reported, was registered or moved on since
   * `entry` was read, or has come further already
   */
  async moveOn(entry: CursorEntry, upTo: number): Promise<CursorEntry | null> {
    const cursor = movedOn(entry.cursor, upTo, Date.now());
    return cursor && (await this.#replace(entry, cursor));
  }

  /**
   * Records that the reader did not get a range. To be called by its owner before it passes the range.
   * @returns the cursor then; null if the reader is not registered (any more)
   */
  async recordLoss(
    reader: string,
    generation: number,
    partition: number,
    range: LogRange,
  ): Promise<RegisteredCursor | null> {
    for (;;) {
      const entry = await this.#entry(cursorKey(reader, generation, partition));
      if (entry === null) return null;
      const replaced = await this.#replace(entry, withLoss(entry.cursor, range, Date.now()));
      if (replaced !== null) return replaced.cursor;
      await delay(UNDER_WAY_MS);
    }
  }

  /** Says whether a reader may be moved on. @returns false if the cursor was changed since `entry` was read */
  async setOptional(entry: CursorEntry, optional: boolean): Promise<boolean> {
    const { optional: _, ...cursor } = entry.cursor;
    return (await this.#replace(entry, optional ? { ...cursor, optional } : cursor)) !== null;
  }

  /** Every cursor of every declared reader. */
  entries(): Promise<CursorEntry[]> {
    return this.#entries('>');
  }

  /** The cursors of all declared readers of a partition. */
  readers(generation: number, partition: number): Promise<CursorEntry[]> {
    return this.#entries(cursorKey('*', generation, partition));
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

  async #entries(filter: string): Promise<CursorEntry[]> {
    const entries: CursorEntry[] = [];
    for await (const key of await this.#kv.keys(filter)) {
      const entry = await this.#entry(key);
      if (entry !== null) entries.push(entry);
    }
    return entries;
  }

  async #entry(key: string): Promise<CursorEntry | null> {
    const entry = await this.#kv.get(key);
    if (!entry || entry.operation !== 'PUT') return null;
    const [reader = '', generation, partition] = key.split('.');
    const { revision } = entry;
    const cursor = entry.json<RegisteredCursor>();
    return { reader, generation: Number(generation), partition: Number(partition), revision, cursor };
  }

  /** @returns null if the cursor is not what `entry` says any more, or will not be in a moment */
  async #replace(entry: CursorEntry, cursor: RegisteredCursor): Promise<CursorEntry | null> {
    const key = cursorKey(entry.reader, entry.generation, entry.partition);
    try {
      const revision = await this.#kv.put(key, JSON.stringify(cursor), { previousSeq: entry.revision });
      return { ...entry, revision, cursor };
    } catch (error) {
      if (!isWrongLastSequence(error)) throw error;
      return null;
    }
  }
}

function cursorKey(reader: string, generation: number, partition: number): string {
  return `${reader}.${generation}.${partition}`;
}

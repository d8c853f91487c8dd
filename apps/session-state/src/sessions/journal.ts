import {
  JournalFrameWriter,
  type JournalEntries,
  type JournalInbound,
  type JournalLog,
  type JournalSession,
  type LogPlace,
  type Settled,
} from '@tributary/contracts';
import type { FencedWriter, HeaderOf } from '@tributary/log';
import type { JournalFrames } from './journal-frames.ts';
import type { Journaled } from './session.ts';

/** A frame is cut from here on, in bytes; a larger single row travels alone. */
const FRAME_BYTES = 128 * 1024;
/** Bytes not stored from which on whoever makes more is asked to wait. */
const HIGH_WATER_BYTES = 32 * 1024 * 1024;
/** Identifies a frame among those of all owners: epoch and number. */
export const FRAME_HEADER = 'Tributary-Frame';

/** Rows that are stored together, or will be. */
interface Frame {
  data: Uint8Array;
  items: Journaled[];
  /** Lowest log sequence of each partition that its rows were made from. */
  places: Map<number, number>;
  stored: (() => void)[];
}

export interface JournalOptions {
  writer: Pick<FencedWriter, 'write'>;
  /** Lease epoch of the owner. */
  epoch: number;
  frames: JournalFrames;
  /** Says that these are stored now. */
  onStored(items: readonly Journaled[]): void;
  /** It cannot go on: another owner has written, or the lease has ended. */
  onFailed(error: unknown): void;
}

/**
 * Writes the journal: rows are staged in the order in which things happen in memory, and stored in that order, all that has
 * gathered while a frame was under way in the next. Nothing that is said to a device about a session comes before its row is
 * stored.
 */
export class Journal {
  readonly #options: JournalOptions;
  readonly #writer = new JournalFrameWriter();
  #items: Journaled[] = [];
  #places = new Map<number, number>();
  #stored: (() => void)[] = [];
  /** Cut and not stored, oldest first. */
  readonly #waiting: Frame[] = [];
  #waitingBytes = 0;
  #number = 0;
  #running = false;
  #failed = false;
  #roomy: (() => void)[] = [];

  constructor(options: JournalOptions) {
    this.#options = options;
  }

  session(item: Journaled, session: JournalSession): void {
    this.#writer.session(session);
    this.#items.push(item);
    this.#staged();
  }

  end(clientId: string): void {
    this.#writer.end(clientId);
    this.#staged();
  }

  /** @param items the entries of the recipients */
  entries(items: readonly Journaled[], entries: JournalEntries): void {
    // What one frame must carry must not depend on what came before it.
    if (this.#writer.rows > 0 && this.#writer.bytes + entries.message.length > FRAME_BYTES) this.#cut();
    this.#writer.entries(entries);
    this.#items.push(...items);
    if (entries.place !== null) this.#place(entries.place);
    this.#staged();
  }

  settle(clientId: string, counter: number, stage: Settled): void {
    this.#writer.settle(clientId, counter, stage);
    this.#staged();
  }

  inbound(inbound: JournalInbound): void {
    this.#writer.inbound(inbound);
    this.#place(inbound.place);
    this.#staged();
  }

  logs(item: Journaled, logs: readonly JournalLog[]): void {
    this.#writer.logs(logs);
    this.#items.push(item);
    this.#staged();
  }

  /** Rejects never: what fails ends the owner. Resolves when all that was staged so far is stored. */
  committed(): Promise<void> {
    if (this.#writer.rows > 0) return new Promise((resolve) => this.#stored.push(resolve));
    const last = this.#waiting.at(-1);
    return last === undefined ? Promise.resolve() : new Promise((resolve) => last.stored.push(resolve));
  }

  /** Resolves when more may be staged. */
  room(): Promise<void> {
    if (this.pendingBytes < HIGH_WATER_BYTES || this.#failed) return Promise.resolve();
    return new Promise((resolve) => this.#roomy.push(resolve));
  }

  get pendingBytes(): number {
    return this.#waitingBytes + (this.#writer.rows > 0 ? this.#writer.bytes : 0);
  }

  /** First log sequence of a partition that something not stored yet was made from; Infinity if there is none. */
  holdsFrom(partition: number): number {
    let from = this.#places.get(partition) ?? Infinity;
    for (const { places } of this.#waiting) from = Math.min(from, places.get(partition) ?? Infinity);
    return from;
  }

  #place({ partition, logSequence }: LogPlace): void {
    // The log is read in order: the first is the lowest.
    if (!this.#places.has(partition)) this.#places.set(partition, logSequence);
  }

  #staged(): void {
    if (this.#writer.bytes >= FRAME_BYTES) this.#cut();
    if (this.#running || this.#failed) return;
    this.#running = true;
    // Whatever this turn of the event loop brings travels together.
    setImmediate(() => void this.#run());
  }

  #cut(): void {
    const frame = {
      data: this.#writer.finish(),
      items: this.#items,
      places: this.#places,
      stored: this.#stored,
    };
    this.#items = [];
    this.#places = new Map();
    this.#stored = [];
    this.#waiting.push(frame);
    this.#waitingBytes += frame.data.length;
  }

  async #run(): Promise<void> {
    try {
      for (;;) {
        if (this.#waiting.length === 0 && this.#writer.rows > 0) this.#cut();
        const [frame] = this.#waiting;
        if (frame === undefined) return;
        await this.#store(frame);
      }
    } catch (error) {
      this.#failed = true;
      this.#options.onFailed(error);
    } finally {
      this.#running = false;
      for (const resolve of this.#roomy.splice(0)) resolve();
    }
  }

  async #store(frame: Frame): Promise<void> {
    const { writer, epoch, frames, onStored } = this.#options;
    const name = `${epoch}.${++this.#number}`;
    const isOwn = (header: HeaderOf): boolean => header(FRAME_HEADER) === name;
    const sequence = await writer.write([[FRAME_HEADER, name]], frame.data, isOwn);
    this.#waiting.shift();
    this.#waitingBytes -= frame.data.length;
    frames.stored(sequence, frame.data.length, frame.items);
    onStored(frame.items);
    for (const resolve of frame.stored) resolve();
    if (this.pendingBytes < HIGH_WATER_BYTES / 2) for (const resolve of this.#roomy.splice(0)) resolve();
  }
}

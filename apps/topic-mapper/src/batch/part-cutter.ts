import { OUT_PART_BYTES, OutKind, RecordBatchWriter, type OutRow } from '@tributary/contracts';

/** One message of OUT, before it has a position. */
export interface Part {
  /** A record batch; empty for progress. */
  readonly data: Uint8Array;
  readonly records: number;
  /** Number of dead letters by code; null if there are none. */
  readonly deadLetters: ReadonlyMap<string, number> | null;
}

/** What a row takes besides its fields, generously: its length and fixed part. */
const ROW_OVERHEAD_BYTES = 64;

/** Upper bound of a row's size, without encoding its names to measure them. */
export function boundOf(row: OutRow): number {
  const names = (row.topic.length + row.route.length) * 3;
  return ROW_OVERHEAD_BYTES + names + row.headers.length + (row.key?.length ?? 0) + (row.value?.length ?? 0);
}

/**
 * Cuts rows into parts. Where it cuts follows from the rows and `OUT_PART_BYTES` alone: not from time, and not from
 * what the server at hand accepts.
 */
export class PartCutter {
  readonly #writer = new RecordBatchWriter();
  #parts: Part[] = [];
  #bytes = 0;
  #records = 0;
  #deadLetters: Map<string, number> | null = null;

  /** Bytes of all rows so far. */
  get bytes(): number {
    return this.#bytes + (this.#writer.rows > 0 ? this.#writer.bytes : 0);
  }

  get isEmpty(): boolean {
    return this.#parts.length === 0 && this.#writer.rows === 0;
  }

  record(row: OutRow): void {
    this.#place(row, boundOf(row));
    this.#records++;
  }

  deadLetter(row: OutRow, code: string): void {
    this.#place(row, boundOf(row));
    this.#count(code);
  }

  /** A dead letter in the place of a record that is too large: alone, as the record would have been. */
  deadLetterAlone(row: OutRow, code: string): void {
    this.#cut();
    this.#writer.append(row);
    this.#count(code);
    this.#cut();
  }

  /** All parts; without any row, one that is empty. The cutter can be used again. */
  finish(): readonly Part[] {
    this.#cut();
    const parts = this.#parts;
    if (parts.length === 0) parts.push({ data: new Uint8Array(0), records: 0, deadLetters: null });
    this.#parts = [];
    this.#bytes = 0;
    return parts;
  }

  #place(row: OutRow, bound: number): void {
    if (this.#writer.bytes + bound > OUT_PART_BYTES) this.#cut();
    this.#writer.append(row);
  }

  #count(code: string): void {
    this.#deadLetters ??= new Map();
    this.#deadLetters.set(code, (this.#deadLetters.get(code) ?? 0) + 1);
  }

  #cut(): void {
    if (this.#writer.rows === 0) return;
    const data = this.#writer.finish();
    this.#parts.push({ data, records: this.#records, deadLetters: this.#deadLetters });
    this.#bytes += data.length;
    this.#records = 0;
    this.#deadLetters = null;
  }
}

/** A row to be filled in again and again: what is written of it is copied at once. */
export function reusableRow(): OutRow {
  return {
    kind: OutKind.record,
    topic: '',
    route: '',
    row: 0,
    logSequence: 0,
    timestampMs: 0,
    key: null,
    headers: new Uint8Array(0),
    value: null,
  };
}

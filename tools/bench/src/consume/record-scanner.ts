import { BenchError } from '../errors.ts';

/** Where a record is within the bytes that were scanned. A length is -1 for null. */
export interface RecordPlace {
  keyAt: number;
  keyBytes: number;
  valueAt: number;
  valueBytes: number;
}

const [LENGTH_AT, MAGIC_AT, ATTRIBUTES_AT, LAST_DELTA_AT, COUNT_AT, RECORDS_AT] = [8, 16, 21, 23, 57, 61];
/** Offset and length, which batchLength does not count. */
const BATCH_PREFIX = 12;
const COMPRESSION_BITS = 0x07;
const CONTROL_BIT = 0x20;

/**
 * Walks over record batches of format 2 where they lie. Nothing is copied, no header is decoded; what is not needed is skipped by its
 * length. (Grammar: https://kafka.apache.org/documentation/#recordbatch)
 */
export class RecordScanner {
  readonly #place: RecordPlace = { keyAt: 0, keyBytes: 0, valueAt: 0, valueBytes: 0 };
  #at = 0;

  /**
   * Visits every record from offset `from` on in `bytes[start..end)`; a batch that is cut off at the end is left for the next
   * fetch. `visit` must not keep its argument, which is used again.
   *
   * @returns the offset to fetch from next
   */
  scan(bytes: Buffer, start: number, end: number, from: number, visit: (place: RecordPlace) => void): number {
    let next = from;
    for (let batch = start; batch + RECORDS_AT <= end;) {
      const after = batch + BATCH_PREFIX + bytes.readInt32BE(batch + LENGTH_AT);
      if (after > end) break;
      if (bytes[batch + MAGIC_AT] !== 2) throw unreadable('a record batch is not of format 2');
      const attributes = bytes.readInt16BE(batch + ATTRIBUTES_AT);
      if ((attributes & COMPRESSION_BITS) !== 0) throw unreadable('a record batch is compressed');
      const base = bytes.readUInt32BE(batch) * 2 ** 32 + bytes.readUInt32BE(batch + 4);
      if ((attributes & CONTROL_BIT) === 0) this.#records(bytes, batch, base, from, visit);
      next = base + bytes.readInt32BE(batch + LAST_DELTA_AT) + 1;
      batch = after;
    }
    return next;
  }

  #records(
    bytes: Buffer,
    batch: number,
    base: number,
    from: number,
    visit: (place: RecordPlace) => void,
  ): void {
    const place = this.#place;
    this.#at = batch + RECORDS_AT;
    for (let left = bytes.readInt32BE(batch + COUNT_AT); left > 0; left--) {
      const length = this.#varint(bytes);
      const after = this.#at + length;
      this.#at++;
      // The timestamp's delta, a varint of up to ten bytes.
      while (bytes[this.#at++]! > 0x7f);
      const offset = base + this.#varint(bytes);
      place.keyBytes = this.#varint(bytes);
      place.keyAt = this.#at;
      if (place.keyBytes > 0) this.#at += place.keyBytes;
      place.valueBytes = this.#varint(bytes);
      place.valueAt = this.#at;
      if (offset >= from) visit(place);
      this.#at = after;
    }
  }

  #varint(bytes: Buffer): number {
    let byte = bytes[this.#at++]!;
    let value = byte & 0x7f;
    for (let shift = 7; byte > 0x7f; shift += 7) {
      byte = bytes[this.#at++]!;
      value |= (byte & 0x7f) << shift;
    }
    return (value >>> 1) ^ -(value & 1);
  }
}

function unreadable(message: string): BenchError {
  return new BenchError('kafka-protocol', message);
}

import { ContractError } from '../errors.ts';
import { Interner } from './interner.ts';
import { FrameKind, FrameWriter, openFrame, readU64, writeU64, type OpenFrame } from './frame.ts';

/*
 * A row of OUT: what one route made of one row of the log.
 *
 *   offset  size  field
 *   0       1     kind (OutKind)
 *   1       1     flags: bit 0 has a key, bit 1 has a value; others zero
 *   2       2     length of the Kafka topic
 *   4       4     index of the row within its envelope
 *   8       8     sequence of that envelope in its log partition
 *   16      8     timestamp of the record, milliseconds since 1970-01-01T00:00Z
 *   24      2     length of the route's name
 *   26      2     zero
 *   28      4     length of key
 *   32      4     length of headers
 *   36      4     length of value
 *   40            topic, route (UTF-8), key, headers, value, in this order
 *
 * Headers are a list: 2 bytes length of name, name (UTF-8), 4 bytes length of value, value. Names may repeat.
 * A dead letter carries the row of the log in `value`, and `code` and `message` as headers.
 */
const FIXED_BYTES = 40;
const HAS_KEY = 1;
const HAS_VALUE = 2;

export const OutKind = { record: 1, deadLetter: 2 } as const;
export type OutKind = (typeof OutKind)[keyof typeof OutKind];

/** Identifies what a record or a dead letter was made from, unique together with the log partition. */
export interface OutSource {
  /** Sequence of the envelope in its log partition. */
  logSequence: number;
  /** Index of the row in that envelope. */
  row: number;
  route: string;
}

export interface OutRow extends OutSource {
  kind: OutKind;
  topic: string;
  timestampMs: number;
  key: Uint8Array | null;
  /** Encoded list; see `encodeHeaders`. */
  headers: Uint8Array;
  value: Uint8Array | null;
}

export class RecordBatchWriter {
  readonly #frame = new FrameWriter(FrameKind.records, 64 * 1024);

  get rows(): number {
    return this.#frame.rows;
  }

  get bytes(): number {
    return this.#frame.bytes;
  }

  append(out: OutRow): void {
    const frame = this.#frame;
    const keyBytes = out.key?.length ?? 0;
    const valueBytes = out.value?.length ?? 0;
    const names = (out.topic.length + out.route.length) * 3;
    const body = frame.begin(FIXED_BYTES + names + keyBytes + out.headers.length + valueBytes);
    const { view, buffer } = frame;
    let at = body + FIXED_BYTES;
    const topicBytes = buffer.write(out.topic, at, 'utf8');
    at += topicBytes;
    const routeBytes = buffer.write(out.route, at, 'utf8');
    at += routeBytes;
    view.setUint8(body, out.kind);
    view.setUint8(body + 1, (out.key ? HAS_KEY : 0) | (out.value ? HAS_VALUE : 0));
    view.setUint16(body + 2, topicBytes, true);
    view.setUint32(body + 4, out.row, true);
    writeU64(view, body + 8, out.logSequence);
    writeU64(view, body + 16, out.timestampMs);
    view.setUint32(body + 24, routeBytes, true);
    view.setUint32(body + 28, keyBytes, true);
    view.setUint32(body + 32, out.headers.length, true);
    view.setUint32(body + 36, valueBytes, true);
    if (out.key) buffer.set(out.key, at);
    at += keyBytes;
    buffer.set(out.headers, at);
    at += out.headers.length;
    if (out.value) buffer.set(out.value, at);
    frame.commit(at + valueBytes);
  }

  finish(): Buffer {
    return this.#frame.finish();
  }
}

const texts = new Interner();

/** A verified batch of OUT. Byte fields of its rows are slices. */
export class RecordBatch {
  readonly #frame: OpenFrame;

  private constructor(frame: OpenFrame) {
    this.#frame = frame;
  }

  /** @throws ContractError if the bytes are not exactly one intact record batch. */
  static open(bytes: Uint8Array): RecordBatch {
    const frame = openFrame(bytes, FrameKind.records);
    for (let row = 0; row < frame.starts.length; row++) {
      checkOutRow(frame.view, frame.starts[row] ?? 0, frame.ends[row] ?? 0);
    }
    return new RecordBatch(frame);
  }

  get rows(): number {
    return this.#frame.starts.length;
  }

  row(index: number): OutRow {
    const start = this.#frame.starts[index];
    const end = this.#frame.ends[index];
    if (start === undefined || end === undefined) {
      throw new RangeError(`row ${index} of a batch with ${this.rows} rows`);
    }
    const { view, buffer } = this.#frame;
    const flags = view.getUint8(start + 1);
    const topic = start + FIXED_BYTES;
    const route = topic + view.getUint16(start + 2, true);
    const key = route + view.getUint16(start + 24, true);
    const headers = key + view.getUint32(start + 28, true);
    const value = headers + view.getUint32(start + 32, true);
    return {
      kind: view.getUint8(start) as OutKind,
      topic: texts.text(buffer, topic, route),
      route: texts.text(buffer, route, key),
      row: view.getUint32(start + 4, true),
      logSequence: readU64(view, start + 8),
      timestampMs: readU64(view, start + 16),
      key: flags & HAS_KEY ? buffer.subarray(key, headers) : null,
      headers: buffer.subarray(headers, value),
      value: flags & HAS_VALUE ? buffer.subarray(value, end) : null,
    };
  }

  *[Symbol.iterator](): Generator<OutRow> {
    for (let index = 0; index < this.rows; index++) yield this.row(index);
  }
}

function checkOutRow(view: DataView, start: number, end: number): void {
  if (end - start < FIXED_BYTES)
    throw new ContractError('row-invalid', 'a row is shorter than its fixed part');
  const kind = view.getUint8(start);
  if (kind !== OutKind.record && kind !== OutKind.deadLetter) {
    throw new ContractError('row-invalid', `kind ${kind} of an OUT row is not known`);
  }
  const length =
    FIXED_BYTES +
    view.getUint16(start + 2, true) +
    view.getUint16(start + 24, true) +
    view.getUint32(start + 28, true) +
    view.getUint32(start + 32, true) +
    view.getUint32(start + 36, true);
  if (length !== end - start)
    throw new ContractError('row-invalid', 'the fields of a row do not fill it exactly');
}

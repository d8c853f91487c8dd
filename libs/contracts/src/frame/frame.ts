import { crc32 } from 'node:zlib';
import { ContractError } from '../errors.ts';

/*
 * Every message that services exchange over JetStream is a frame. Numbers are little-endian.
 *
 *   offset  size  field
 *   0       2     magic 0x54 0x52 ("TR")
 *   2       1     layout version, 1
 *   3       1     kind: 1 log envelope, 2 record batch, 3 delivery batch, 4 session journal
 *   4       4     number of rows
 *   8       4     length of the whole frame in bytes, this header included
 *   12      4     CRC-32 (IEEE 802.3) of the bytes from offset 16 to the end
 *   16      n     preamble, of a length fixed by the kind (0 for most)
 *   16 + n        rows; each is a 4 byte length followed by that many bytes
 */
export const FRAME_HEADER_BYTES = 16;
export const LAYOUT_VERSION = 1;
const MAGIC = 0x5254;
const TWO_32 = 0x1_0000_0000;

export const FrameKind = { envelope: 1, records: 2, deliveries: 3, journal: 4 } as const;
export type FrameKind = (typeof FrameKind)[keyof typeof FrameKind];

const PREAMBLE_BYTES: Record<FrameKind, number> = { 1: 0, 2: 0, 3: 28, 4: 0 };

/** Unsigned 64 bit integers travel as two 32 bit halves; values stay below 2^53. */
export function readU64(view: DataView, offset: number): number {
  return view.getUint32(offset, true) + view.getUint32(offset + 4, true) * TWO_32;
}

export function writeU64(view: DataView, offset: number, value: number): void {
  view.setUint32(offset, value >>> 0, true);
  view.setUint32(offset + 4, Math.floor(value / TWO_32), true);
}

/** A growing buffer that becomes one frame. Reused by its owner: `finish` copies the frame out and starts anew. */
export class FrameWriter {
  readonly #kind: FrameKind;
  #buffer: Buffer;
  #view: DataView;
  #end: number;
  #rows = 0;

  constructor(kind: FrameKind, initialBytes = 8 * 1024) {
    this.#kind = kind;
    this.#buffer = Buffer.allocUnsafeSlow(initialBytes);
    this.#view = new DataView(this.#buffer.buffer);
    this.#end = FRAME_HEADER_BYTES + PREAMBLE_BYTES[kind];
  }

  get rows(): number {
    return this.#rows;
  }

  /** Length of the frame if it were finished now, in bytes. */
  get bytes(): number {
    return this.#end;
  }

  get buffer(): Buffer {
    return this.#buffer;
  }

  get view(): DataView {
    return this.#view;
  }

  /** Makes room for a row of at most `maxBytes` and returns the offset of its body. */
  begin(maxBytes: number): number {
    const needed = this.#end + 4 + maxBytes;
    if (needed > this.#buffer.length) this.#grow(needed);
    return this.#end + 4;
  }

  /** Ends the row begun last; `end` is the offset behind its body. */
  commit(end: number): void {
    this.#view.setUint32(this.#end, end - this.#end - 4, true);
    this.#end = end;
    this.#rows++;
  }

  /** The complete frame, in memory of its own. The writer is empty afterwards and can be used again. */
  finish(): Buffer {
    const view = this.#view;
    view.setUint16(0, MAGIC, true);
    view.setUint8(2, LAYOUT_VERSION);
    view.setUint8(3, this.#kind);
    view.setUint32(4, this.#rows, true);
    view.setUint32(8, this.#end, true);
    view.setUint32(12, crc32(this.#buffer.subarray(FRAME_HEADER_BYTES, this.#end)), true);
    const frame = Buffer.allocUnsafeSlow(this.#end);
    this.#buffer.copy(frame, 0, 0, this.#end);
    this.reset();
    return frame;
  }

  /** Forgets all rows. */
  reset(): void {
    this.#rows = 0;
    this.#end = FRAME_HEADER_BYTES + PREAMBLE_BYTES[this.#kind];
  }

  #grow(needed: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2));
    this.#buffer.copy(larger, 0, 0, this.#end);
    this.#buffer = larger;
    this.#view = new DataView(larger.buffer);
  }
}

/** A frame whose header, checksum and row boundaries have been verified. */
export interface OpenFrame {
  readonly buffer: Buffer;
  readonly view: DataView;
  /** Offset of the body of each row. */
  readonly starts: Uint32Array;
  /** Offset behind the body of each row. */
  readonly ends: Uint32Array;
}

/**
 * Verifies a frame of the given kind and finds its rows, without copying.
 * @throws ContractError for anything that is not exactly one intact frame.
 */
export function openFrame(bytes: Uint8Array, kind: FrameKind): OpenFrame {
  const { length } = bytes;
  if (length < FRAME_HEADER_BYTES + PREAMBLE_BYTES[kind]) {
    throw new ContractError('frame-truncated', `a frame has at least 16 bytes, these are ${length}`);
  }
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, length);
  checkHeader(buffer, view, kind);
  const rows = view.getUint32(4, true);
  let at = FRAME_HEADER_BYTES + PREAMBLE_BYTES[kind];
  if (rows * 4 > length - at) {
    throw new ContractError('frame-length', `${rows} rows do not fit in a frame of ${length} bytes`);
  }
  const starts = new Uint32Array(rows);
  const ends = new Uint32Array(rows);
  for (let row = 0; row < rows; row++) {
    if (at + 4 > length) throw new ContractError('frame-length', `row ${row} begins behind the frame's end`);
    const end = at + 4 + view.getUint32(at, true);
    if (end > length) throw new ContractError('frame-length', `row ${row} ends behind the frame's end`);
    starts[row] = at + 4;
    ends[row] = end;
    at = end;
  }
  if (at !== length) throw new ContractError('frame-length', `${length - at} bytes follow the last row`);
  return { buffer, view, starts, ends };
}

function checkHeader(buffer: Buffer, view: DataView, kind: FrameKind): void {
  if (view.getUint16(0, true) !== MAGIC) {
    throw new ContractError('frame-magic', 'these bytes are no Tributary frame (magic "TR" is missing)');
  }
  const version = view.getUint8(2);
  if (version !== LAYOUT_VERSION) {
    throw new ContractError('frame-version', `frame layout ${version} is not known, only ${LAYOUT_VERSION}`);
  }
  const found = view.getUint8(3);
  if (found !== kind) throw new ContractError('frame-kind', `expected a frame of kind ${kind}, got ${found}`);
  const stated = view.getUint32(8, true);
  if (stated !== buffer.length) {
    throw new ContractError('frame-length', `the frame says ${stated} bytes, there are ${buffer.length}`);
  }
  const checksum = crc32(buffer.subarray(FRAME_HEADER_BYTES));
  if (checksum !== view.getUint32(12, true)) {
    throw new ContractError('frame-checksum', 'the frame was altered: its checksum does not match');
  }
}

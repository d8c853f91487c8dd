import { FrameKind, FrameWriter, openFrame, type OpenFrame } from './frame.ts';
import { checkRow, RowView, writeRow, type RowInput } from './log-row.ts';

/** Collects rows into one envelope of the log. */
export class EnvelopeWriter {
  readonly #frame = new FrameWriter(FrameKind.envelope);

  get rows(): number {
    return this.#frame.rows;
  }

  /** Length of the envelope if it were finished now, in bytes. */
  get bytes(): number {
    return this.#frame.bytes;
  }

  /** Adds a row and returns its index. */
  append(row: RowInput): number {
    writeRow(this.#frame, row);
    return this.#frame.rows - 1;
  }

  /** The envelope. The writer is empty afterwards and can be used again. */
  finish(): Buffer {
    return this.#frame.finish();
  }
}

/** A verified envelope: rows are found but not decoded. */
export class Envelope {
  readonly #frame: OpenFrame;

  private constructor(frame: OpenFrame) {
    this.#frame = frame;
  }

  /** @throws ContractError if the bytes are not exactly one intact envelope. */
  static open(bytes: Uint8Array): Envelope {
    const frame = openFrame(bytes, FrameKind.envelope);
    for (let row = 0; row < frame.starts.length; row++) {
      checkRow(frame.view, frame.starts[row] ?? 0, frame.ends[row] ?? 0);
    }
    return new Envelope(frame);
  }

  get rows(): number {
    return this.#frame.starts.length;
  }

  row(index: number): RowView {
    const start = this.#frame.starts[index];
    const end = this.#frame.ends[index];
    if (start === undefined || end === undefined) {
      throw new RangeError(`row ${index} of an envelope with ${this.rows} rows`);
    }
    return new RowView(this.#frame.buffer, this.#frame.view, start, end);
  }

  *[Symbol.iterator](): Generator<RowView> {
    for (let index = 0; index < this.rows; index++) yield this.row(index);
  }
}

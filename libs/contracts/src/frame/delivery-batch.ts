import { ContractError } from '../errors.ts';
import {
  FRAME_HEADER_BYTES,
  FrameKind,
  FrameWriter,
  openFrame,
  readU64,
  writeU64,
  type OpenFrame,
} from './frame.ts';
import { openRow, type QoS, type RowView } from './log-row.ts';

/*
 * Addressed deliveries from an owner in session-state to one ingress node. Preamble, at offset 16 of the frame:
 *
 *   offset  size  field
 *   16      4     channel: the log partition, or 0x80000000 + session shard
 *   20      8     epoch of the owner (lease revision): a node drops lower ones
 *   28      8     number of the batch: 1, 2, 3 ... without gaps per channel, epoch and node
 *   36      8     last log sequence fully covered by this batch (0 on a shard's channel)
 *
 * A row: the message once, then who gets it.
 *
 *   0       8     sequence of the message's envelope in its log partition
 *   8       4     index of the message's row in that envelope
 *   12      4     length of the message's row
 *   16      2     number of recipients
 *   18      2     zero
 *   20            the message's row, verbatim as in the log
 *                 then per recipient:
 *   0       1     flags: bits 0-1 QoS of the delivery, bit 2 retain flag of the delivery, bit 3 it may have been
 *                 sent before, bit 4 it is an entry of a queue and has a counter
 *   1       1     number of subscription identifiers
 *   2       2     length of client id
 *   4       8     connection epoch the subscription belongs to
 *   12            counter, 8 bytes, if there is one; subscription identifiers, 4 bytes each; the client id (UTF-8)
 */
const FIXED_BYTES = 20;
const RECIPIENT_FIXED_BYTES = 12;
const COUNTER_BYTES = 8;
const RETAIN = 4;
const DUP = 8;
const COUNTED = 16;

export interface DeliveryBatchInfo {
  channel: number;
  epoch: number;
  number: number;
  logSequence: number;
}

export interface Recipient {
  clientId: Uint8Array;
  epoch: number;
  qos: QoS;
  retain: boolean;
  subscriptionIds: readonly number[];
  /**
   * Place in the queue of the client's session, 1, 2, 3 ...; absent: in no queue. The node says when the client has settled it
   * (SessionCommand 'settle').
   */
  counter?: number;
  /** It may have reached the client before, on an earlier connection (the DUP flag). */
  dup?: boolean;
}

export interface DeliveryInput {
  logSequence: number;
  row: number;
  /** The message's row, verbatim (`RowView.bytes`). */
  message: Uint8Array;
  recipients: readonly Recipient[];
}

export interface Delivery {
  logSequence: number;
  row: number;
  message: RowView;
  recipients: DeliveryRecipient[];
}

export interface DeliveryRecipient {
  clientId: string;
  epoch: number;
  qos: QoS;
  retain: boolean;
  subscriptionIds: number[];
  /** 0: in no queue. */
  counter: number;
  dup: boolean;
}

export class DeliveryBatchWriter {
  readonly #frame = new FrameWriter(FrameKind.deliveries);

  get rows(): number {
    return this.#frame.rows;
  }

  get bytes(): number {
    return this.#frame.bytes;
  }

  append(delivery: DeliveryInput): void {
    const { message, recipients } = delivery;
    let size = FIXED_BYTES + message.length;
    for (const r of recipients)
      size += RECIPIENT_FIXED_BYTES + COUNTER_BYTES + r.subscriptionIds.length * 4 + r.clientId.length;
    const body = this.#frame.begin(size);
    const { view, buffer } = this.#frame;
    writeU64(view, body, delivery.logSequence);
    view.setUint32(body + 8, delivery.row, true);
    view.setUint32(body + 12, message.length, true);
    view.setUint32(body + 16, recipients.length, true);
    buffer.set(message, body + FIXED_BYTES);
    let at = body + FIXED_BYTES + message.length;
    for (const { clientId, epoch, qos, retain, subscriptionIds, counter = 0, dup = false } of recipients) {
      view.setUint8(at, qos | (retain ? RETAIN : 0) | (dup ? DUP : 0) | (counter > 0 ? COUNTED : 0));
      view.setUint8(at + 1, subscriptionIds.length);
      view.setUint16(at + 2, clientId.length, true);
      writeU64(view, at + 4, epoch);
      at += RECIPIENT_FIXED_BYTES;
      if (counter > 0) {
        writeU64(view, at, counter);
        at += COUNTER_BYTES;
      }
      for (const id of subscriptionIds) {
        view.setUint32(at, id, true);
        at += 4;
      }
      buffer.set(clientId, at);
      at += clientId.length;
    }
    this.#frame.commit(at);
  }

  finish(info: DeliveryBatchInfo): Buffer {
    const { view } = this.#frame;
    view.setUint32(FRAME_HEADER_BYTES, info.channel, true);
    writeU64(view, FRAME_HEADER_BYTES + 4, info.epoch);
    writeU64(view, FRAME_HEADER_BYTES + 12, info.number);
    writeU64(view, FRAME_HEADER_BYTES + 20, info.logSequence);
    return this.#frame.finish();
  }
}

export class DeliveryBatch {
  readonly info: DeliveryBatchInfo;
  readonly #frame: OpenFrame;

  private constructor(frame: OpenFrame) {
    this.#frame = frame;
    const { view } = frame;
    this.info = {
      channel: view.getUint32(FRAME_HEADER_BYTES, true),
      epoch: readU64(view, FRAME_HEADER_BYTES + 4),
      number: readU64(view, FRAME_HEADER_BYTES + 12),
      logSequence: readU64(view, FRAME_HEADER_BYTES + 20),
    };
  }

  /** @throws ContractError if the bytes are not exactly one intact delivery batch. */
  static open(bytes: Uint8Array): DeliveryBatch {
    return new DeliveryBatch(openFrame(bytes, FrameKind.deliveries));
  }

  get rows(): number {
    return this.#frame.starts.length;
  }

  /** @throws ContractError 'row-invalid' if the row's fields do not fill it exactly. */
  row(index: number): Delivery {
    const start = this.#frame.starts[index];
    const end = this.#frame.ends[index];
    if (start === undefined || end === undefined) {
      throw new RangeError(`row ${index} of a batch with ${this.rows} rows`);
    }
    if (end - start < FIXED_BYTES) throw invalid();
    const { view, buffer } = this.#frame;
    const messageEnd = start + FIXED_BYTES + view.getUint32(start + 12, true);
    if (messageEnd > end) throw invalid();
    const message = openRow(buffer.subarray(start + FIXED_BYTES, messageEnd));
    const recipients: DeliveryRecipient[] = [];
    let at = messageEnd;
    for (let left = view.getUint16(start + 16, true); left > 0; left--) {
      if (at + RECIPIENT_FIXED_BYTES > end) throw invalid();
      const flags = view.getUint8(at);
      const ids = view.getUint8(at + 1);
      const epoch = readU64(view, at + 4);
      const counted = (flags & COUNTED) !== 0;
      const idsStart = at + RECIPIENT_FIXED_BYTES + (counted ? COUNTER_BYTES : 0);
      const clientStart = idsStart + ids * 4;
      const clientEnd = clientStart + view.getUint16(at + 2, true);
      if (clientEnd > end || flags >= COUNTED * 2 || (flags & 3) === 3) throw invalid();
      const counter = counted ? readU64(view, at + RECIPIENT_FIXED_BYTES) : 0;
      const subscriptionIds: number[] = [];
      for (let i = idsStart; i < clientStart; i += 4) subscriptionIds.push(view.getUint32(i, true));
      recipients.push({
        clientId: buffer.toString('utf8', clientStart, clientEnd),
        epoch,
        qos: (flags & 3) as QoS,
        retain: (flags & RETAIN) !== 0,
        subscriptionIds,
        counter,
        dup: (flags & DUP) !== 0,
      });
      at = clientEnd;
    }
    if (at !== end) throw invalid();
    return { logSequence: readU64(view, start), row: view.getUint32(start + 8, true), message, recipients };
  }

  *[Symbol.iterator](): Generator<Delivery> {
    for (let index = 0; index < this.rows; index++) yield this.row(index);
  }
}

function invalid(): ContractError {
  return new ContractError('row-invalid', 'the fields of a delivery do not fill it exactly');
}

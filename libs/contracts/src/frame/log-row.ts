import { ContractError } from '../errors.ts';
import { readU64, writeU64, type FrameWriter } from './frame.ts';

/*
 * A row of the log: something a device (or Kafka, or the platform itself) did, in the order it was accepted.
 *
 *   offset  size  field
 *   0       1     kind (RowKind)
 *   1       1     flags: bits 0-1 QoS, bit 2 retain, bit 3 DUP, bits 4-7 zero
 *   2       2     packet id (0 when there is none)
 *   4       1     MQTT protocol version: 3 (MQTT 3.1), 4 (3.1.1), 5; 0 when the origin is not MQTT
 *   5       1     zero
 *   6       2     length of topic
 *   8       8     receive time, milliseconds since 1970-01-01T00:00Z
 *   16      8     connection epoch: grows with every connection of a client id
 *   24      2     length of client id
 *   26      2     length of session id
 *   28      2     length of user name
 *   30      2     length of trace context
 *   32      2     length of origin
 *   34      2     zero
 *   36      4     length of properties
 *   40      4     length of payload
 *   44            topic, client id, session id, user name (UTF-8), trace context (W3C traceparent, ASCII),
 *                 origin (empty: an MQTT client), properties (an MQTT 5 PUBLISH property block without its
 *                 length and without Topic Alias), payload, in this order
 */
const FIXED_BYTES = 44;

export const RowKind = {
  /** A PUBLISH of a device. */
  publish: 1,
  /** A PUBREL: the device has released a QoS 2 packet id. */
  release: 2,
  /** A will, published by the platform on behalf of a device. */
  will: 3,
  /** A message that came from Kafka. */
  inbound: 4,
  /** The end of a session (takes its QoS 2 packet ids with it). */
  sessionEnd: 5,
} as const;
export type RowKind = (typeof RowKind)[keyof typeof RowKind];

export type QoS = 0 | 1 | 2;
export type ProtocolVersion = 0 | 3 | 4 | 5;

export const EMPTY = new Uint8Array(0);

export interface RowInput {
  kind: RowKind;
  qos: QoS;
  retain: boolean;
  dup: boolean;
  packetId: number;
  protocolVersion: ProtocolVersion;
  /** Milliseconds since the epoch. */
  receivedMs: number;
  epoch: number;
  topic: string;
  clientId: Uint8Array;
  sessionId: Uint8Array;
  username: Uint8Array;
  trace: Uint8Array;
  origin: Uint8Array;
  properties: Uint8Array;
  payload: Uint8Array;
}

const LAST_KIND = RowKind.sessionEnd;
const MAX_U16 = 0xffff;

/** Appends one row to `writer`. @throws ContractError 'row-invalid' if a field is longer than its length field can say. */
export function writeRow(writer: FrameWriter, row: RowInput): void {
  const { clientId, sessionId, username, trace, origin, properties, payload } = row;
  const small = clientId.length | sessionId.length | username.length | trace.length | origin.length;
  if (small > MAX_U16)
    throw new ContractError('row-invalid', 'a name of the row is longer than 65,535 bytes');
  // Three bytes hold the UTF-8 of any UTF-16 unit: enough room without measuring the topic first.
  const tail = clientId.length + sessionId.length + username.length + trace.length + origin.length;
  const body = writer.begin(FIXED_BYTES + row.topic.length * 3 + tail + properties.length + payload.length);
  const { view, buffer } = writer;
  const topicBytes = buffer.write(row.topic, body + FIXED_BYTES, 'utf8');
  if (topicBytes > MAX_U16) throw new ContractError('row-invalid', 'the topic is longer than 65,535 bytes');
  view.setUint8(body, row.kind);
  view.setUint8(body + 1, row.qos | (row.retain ? 4 : 0) | (row.dup ? 8 : 0));
  view.setUint16(body + 2, row.packetId, true);
  view.setUint16(body + 4, row.protocolVersion, true);
  view.setUint16(body + 6, topicBytes, true);
  writeU64(view, body + 8, row.receivedMs);
  writeU64(view, body + 16, row.epoch);
  view.setUint16(body + 24, clientId.length, true);
  view.setUint16(body + 26, sessionId.length, true);
  view.setUint16(body + 28, username.length, true);
  view.setUint16(body + 30, trace.length, true);
  view.setUint32(body + 32, origin.length, true);
  view.setUint32(body + 36, properties.length, true);
  view.setUint32(body + 40, payload.length, true);
  let at = body + FIXED_BYTES + topicBytes;
  at = put(buffer, clientId, at);
  at = put(buffer, sessionId, at);
  at = put(buffer, username, at);
  at = put(buffer, trace, at);
  at = put(buffer, origin, at);
  at = put(buffer, properties, at);
  at = put(buffer, payload, at);
  writer.commit(at);
}

function put(buffer: Buffer, bytes: Uint8Array, at: number): number {
  if (bytes.length > 0) buffer.set(bytes, at);
  return at + bytes.length;
}

/** Verifies that `start` to `end` is a well-formed row; afterwards no accessor of RowView can fail. */
export function checkRow(view: DataView, start: number, end: number): void {
  if (end - start < FIXED_BYTES)
    throw new ContractError('row-invalid', 'a row is shorter than its fixed part');
  const kind = view.getUint8(start);
  if (kind < 1 || kind > LAST_KIND) throw new ContractError('row-invalid', `row kind ${kind} is not known`);
  const flags = view.getUint8(start + 1);
  if (flags > 15 || (flags & 3) === 3)
    throw new ContractError('row-invalid', `row flags ${flags} are not valid`);
  const length =
    FIXED_BYTES +
    view.getUint16(start + 6, true) +
    view.getUint16(start + 24, true) +
    view.getUint16(start + 26, true) +
    view.getUint16(start + 28, true) +
    view.getUint16(start + 30, true) +
    view.getUint16(start + 32, true) +
    view.getUint32(start + 36, true) +
    view.getUint32(start + 40, true);
  if (length !== end - start)
    throw new ContractError('row-invalid', 'the fields of a row do not fill it exactly');
}

/**
 * One row, decoded on access: who needs only flags or the topic pays for nothing else. Byte fields are slices
 * of the message they came in; they stay valid as long as somebody holds them, and keep the whole message alive.
 */
export class RowView {
  readonly #buffer: Buffer;
  readonly #view: DataView;
  readonly #start: number;
  readonly #end: number;

  constructor(buffer: Buffer, view: DataView, start: number, end: number) {
    this.#buffer = buffer;
    this.#view = view;
    this.#start = start;
    this.#end = end;
  }

  get kind(): RowKind {
    return this.#view.getUint8(this.#start) as RowKind;
  }

  get qos(): QoS {
    return (this.#view.getUint8(this.#start + 1) & 3) as QoS;
  }

  get retain(): boolean {
    return (this.#view.getUint8(this.#start + 1) & 4) !== 0;
  }

  get dup(): boolean {
    return (this.#view.getUint8(this.#start + 1) & 8) !== 0;
  }

  get packetId(): number {
    return this.#view.getUint16(this.#start + 2, true);
  }

  get protocolVersion(): ProtocolVersion {
    return this.#view.getUint8(this.#start + 4) as ProtocolVersion;
  }

  get receivedMs(): number {
    return readU64(this.#view, this.#start + 8);
  }

  get epoch(): number {
    return readU64(this.#view, this.#start + 16);
  }

  get topic(): string {
    return this.#buffer.toString('utf8', this.#topicStart, this.#clientStart);
  }

  get topicBytes(): Buffer {
    return this.#buffer.subarray(this.#topicStart, this.#clientStart);
  }

  get clientId(): string {
    return this.#buffer.toString('utf8', this.#clientStart, this.#sessionStart);
  }

  get clientIdBytes(): Buffer {
    return this.#buffer.subarray(this.#clientStart, this.#sessionStart);
  }

  get sessionId(): string {
    return this.#buffer.toString('utf8', this.#sessionStart, this.#usernameStart);
  }

  get username(): string {
    return this.#buffer.toString('utf8', this.#usernameStart, this.#traceStart);
  }

  get trace(): Buffer {
    return this.#buffer.subarray(this.#traceStart, this.#originStart);
  }

  get origin(): string {
    return this.#buffer.toString('utf8', this.#originStart, this.#propertiesStart);
  }

  get properties(): Buffer {
    return this.#buffer.subarray(this.#propertiesStart, this.#payloadStart);
  }

  get payload(): Buffer {
    return this.#buffer.subarray(this.#payloadStart, this.#end);
  }

  /** The row as it stands in the log, to be carried along verbatim. */
  get bytes(): Buffer {
    return this.#buffer.subarray(this.#start, this.#end);
  }

  get #topicStart(): number {
    return this.#start + FIXED_BYTES;
  }

  get #clientStart(): number {
    return this.#topicStart + this.#view.getUint16(this.#start + 6, true);
  }

  get #sessionStart(): number {
    return this.#clientStart + this.#view.getUint16(this.#start + 24, true);
  }

  get #usernameStart(): number {
    return this.#sessionStart + this.#view.getUint16(this.#start + 26, true);
  }

  get #traceStart(): number {
    return this.#usernameStart + this.#view.getUint16(this.#start + 28, true);
  }

  get #originStart(): number {
    return this.#traceStart + this.#view.getUint16(this.#start + 30, true);
  }

  get #propertiesStart(): number {
    return this.#payloadStart - this.#view.getUint32(this.#start + 36, true);
  }

  get #payloadStart(): number {
    return this.#end - this.#view.getUint32(this.#start + 40, true);
  }
}

/** A row that travels alone (in a delivery or a dead letter), verified. */
export function openRow(bytes: Uint8Array): RowView {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  checkRow(view, 0, bytes.length);
  return new RowView(buffer, view, 0, bytes.length);
}

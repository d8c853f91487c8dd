import { crc32c } from '@platformatic/kafka';
import type { ProducedRecord } from '../produced-record.ts';
import { headerName } from './header-names.ts';
import { varintSize, writeVarint, writeVarlong, varlongSize } from './varint.ts';

/** Who writes a batch, and the sequence number of its first record (KIP-98). */
export interface BatchIdentity {
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly firstSequence: number;
  /** The batch is part of a transaction. */
  readonly transactional: boolean;
}

/** How the records section of a batch is compressed; `bits` go into the batch's attributes. */
export interface RecordsCodec {
  readonly bits: number;
  compress(records: Uint8Array): Promise<Uint8Array>;
}

const BATCH_HEADER = 61;
const NO_LEADER_EPOCH = -1;
const MAGIC = 2;
const TRANSACTIONAL = 1 << 4;

/*
 * RecordBatch, all integers big-endian:
 *
 *   0 baseOffset int64           21 attributes int16          43 producerId int64
 *   8 batchLength int32          23 lastOffsetDelta int32     51 producerEpoch int16
 *  12 partitionLeaderEpoch int32 27 baseTimestamp int64       53 baseSequence int32
 *  16 magic int8                 35 maxTimestamp int64        57 records count int32
 *  17 crc uint32 of all from 21                               61 records
 */

/**
 * Encodes one record batch, ready to be sent as often as it takes: the bytes depend on nothing that changes between
 * two tries.
 */
export async function encodeRecordBatch(
  records: readonly ProducedRecord[],
  identity: BatchIdentity,
  codec: RecordsCodec | undefined,
): Promise<Buffer> {
  if (codec === undefined) {
    const bytes = sizes(records);
    const batch = Buffer.allocUnsafe(BATCH_HEADER + bytes.total);
    writeRecords(batch, BATCH_HEADER, records, bytes.bodies);
    return seal(batch, records, identity, 0);
  }
  const bytes = sizes(records);
  const plain = Buffer.allocUnsafe(bytes.total);
  writeRecords(plain, 0, records, bytes.bodies);
  const compressed = await codec.compress(plain);
  const batch = Buffer.allocUnsafe(BATCH_HEADER + compressed.length);
  batch.set(compressed, BATCH_HEADER);
  return seal(batch, records, identity, codec.bits);
}

function seal(
  batch: Buffer,
  records: readonly ProducedRecord[],
  { producerId, producerEpoch, firstSequence, transactional }: BatchIdentity,
  codecBits: number,
): Buffer {
  let newest = 0;
  for (const { timestampMs } of records) if (timestampMs > newest) newest = timestampMs;
  batch.writeBigInt64BE(0n, 0);
  batch.writeInt32BE(batch.length - 12, 8);
  batch.writeInt32BE(NO_LEADER_EPOCH, 12);
  batch.writeInt8(MAGIC, 16);
  batch.writeInt16BE(codecBits | (transactional ? TRANSACTIONAL : 0), 21);
  batch.writeInt32BE(records.length - 1, 23);
  batch.writeBigInt64BE(BigInt(records[0]!.timestampMs), 27);
  batch.writeBigInt64BE(BigInt(newest), 35);
  batch.writeBigInt64BE(producerId, 43);
  batch.writeInt16BE(producerEpoch, 51);
  batch.writeInt32BE(firstSequence, 53);
  batch.writeInt32BE(records.length, 57);
  batch.writeUInt32BE(crc32c(batch.subarray(21)), 17);
  return batch;
}

function sizes(records: readonly ProducedRecord[]): { bodies: Int32Array; total: number } {
  const bodies = new Int32Array(records.length);
  const base = records[0]!.timestampMs;
  let total = 0;
  for (let i = 0; i < records.length; i++) {
    const body = bodySize(records[i]!, i, base);
    bodies[i] = body;
    total += varintSize(body) + body;
  }
  return { bodies, total };
}

function bodySize({ key, value, headers, timestampMs }: ProducedRecord, at: number, base: number): number {
  let size = 1 + varlongSize(timestampMs - base) + varintSize(at);
  size += sizedBytes(key) + sizedBytes(value) + varintSize(headers.length);
  for (const [name, bytes] of headers) {
    size += sizedBytes(headerName(name)) + sizedBytes(bytes);
  }
  return size;
}

function sizedBytes(bytes: Uint8Array | null): number {
  return bytes === null ? 1 : varintSize(bytes.length) + bytes.length;
}

function writeRecords(
  target: Buffer,
  start: number,
  records: readonly ProducedRecord[],
  bodies: Int32Array,
): void {
  const base = records[0]!.timestampMs;
  let at = start;
  for (let i = 0; i < records.length; i++) {
    const { key, value, headers, timestampMs } = records[i]!;
    at = writeVarint(target, bodies[i]!, at);
    target[at++] = 0;
    at = writeVarlong(target, timestampMs - base, at);
    at = writeVarint(target, i, at);
    at = writeSized(target, key, at);
    at = writeSized(target, value, at);
    at = writeVarint(target, headers.length, at);
    for (const [name, bytes] of headers) {
      at = writeSized(target, headerName(name), at);
      at = writeSized(target, bytes, at);
    }
  }
}

function writeSized(target: Buffer, bytes: Uint8Array | null, start: number): number {
  if (bytes === null) {
    target[start] = 1; // -1, zigzag
    return start + 1;
  }
  const at = writeVarint(target, bytes.length, start);
  // The call costs more than copying a few bytes.
  if (bytes.length > 40) target.set(bytes, at);
  else for (let i = 0; i < bytes.length; i++) target[at + i] = bytes[i]!;
  return at + bytes.length;
}

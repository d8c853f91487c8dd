import { BenchError } from '../errors.ts';
import type { BrokerLink } from './broker-link.ts';

/** A topic of one broker and where each of its partitions is read next. */
export interface FetchSource {
  topic: string;
  /** By partition. */
  offsets: number[];
}

/** Calls `records` with the bytes of each partition that has any. */
export type FetchedRecords = (partition: number, bytes: Buffer, start: number, end: number) => void;

const [FETCH, LIST_OFFSETS] = [1, 2];
// The oldest versions that Kafka 4 speaks (KIP-896): their fields have fixed places.
const [FETCH_VERSION, LIST_OFFSETS_VERSION] = [4, 1];
const LATEST = -1n;
const READ_COMMITTED = 1;
const MAX_WAIT_MS = 250;
const ANSWER_BYTES = 16 * 1024 * 1024;
const PARTITION_BYTES = 4 * 1024 * 1024;

/** The offset that the next record of each partition will have. Errors: `kafka-protocol`. */
export async function endOffsets(link: BrokerLink, topic: string, partitions: number): Promise<number[]> {
  const head = Buffer.alloc(8);
  head.writeInt32BE(-1); // no replica
  head.writeInt32BE(1, 4);
  const wanted = Array.from({ length: partitions }, (_, partition) => {
    const entry = Buffer.alloc(12);
    entry.writeInt32BE(partition);
    entry.writeBigInt64BE(LATEST, 4);
    return entry;
  });
  const body = Buffer.concat([head, text(topic), int32(partitions), ...wanted]);
  const answer = await link.request(LIST_OFFSETS, LIST_OFFSETS_VERSION, body);
  const offsets: number[] = [];
  // [topics: name, [partition int32, error int16, timestamp int64, offset int64]]
  let at = 4 + 2 + answer.readInt16BE(4);
  const count = answer.readInt32BE(at);
  at += 4;
  for (let i = 0; i < count; i++, at += 22) {
    check(answer.readInt16BE(at + 4), topic, answer.readInt32BE(at));
    offsets[answer.readInt32BE(at)] = Number(answer.readBigInt64BE(at + 14));
  }
  return offsets;
}

/** Fetches what is there, or waits a quarter of a second for the first record. Errors: `kafka-protocol`. */
export async function fetchRecords(
  link: BrokerLink,
  { topic, offsets }: FetchSource,
  records: FetchedRecords,
): Promise<void> {
  const answer = await link.request(FETCH, FETCH_VERSION, fetchRequest(topic, offsets));
  // throttle int32, [topics: name, [partition int32, error int16, high watermark int64, last stable offset int64,
  // [aborted transactions], records: length int32 and bytes]]
  let at = 8;
  for (let topics = answer.readInt32BE(4); topics > 0; topics--) {
    at += 2 + answer.readInt16BE(at);
    const partitions = answer.readInt32BE(at);
    at += 4;
    for (let i = 0; i < partitions; i++) {
      const partition = answer.readInt32BE(at);
      check(answer.readInt16BE(at + 4), topic, partition);
      const aborted = answer.readInt32BE(at + 22);
      if (aborted > 0)
        throw new BenchError('kafka-protocol', `${topic}/${partition} has aborted transactions`);
      const length = Math.max(0, answer.readInt32BE(at + 26));
      at += 30;
      if (length > 0) records(partition, answer, at, at + length);
      at += length;
    }
  }
}

function fetchRequest(topic: string, offsets: readonly number[]): Buffer {
  const head = Buffer.alloc(21);
  head.writeInt32BE(-1); // no replica
  head.writeInt32BE(MAX_WAIT_MS, 4);
  head.writeInt32BE(1, 8); // answer as soon as there is a byte
  head.writeInt32BE(ANSWER_BYTES, 12);
  head.writeInt8(READ_COMMITTED, 16);
  head.writeInt32BE(1, 17);
  const entries = Buffer.alloc(16 * offsets.length);
  offsets.forEach((offset, partition) => {
    entries.writeInt32BE(partition, partition * 16);
    entries.writeBigInt64BE(BigInt(offset), partition * 16 + 4);
    entries.writeInt32BE(PARTITION_BYTES, partition * 16 + 12);
  });
  return Buffer.concat([head, text(topic), int32(offsets.length), entries]);
}

function check(code: number, topic: string, partition: number): void {
  if (code === 0) return;
  throw new BenchError('kafka-protocol', `Kafka answers error ${code} for ${topic}/${partition}`);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(2);
  length.writeInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

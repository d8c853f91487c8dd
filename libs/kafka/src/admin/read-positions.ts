import { setTimeout as sleep } from 'node:timers/promises';
import { brokerError, KafkaDriverError, KafkaErrorCode } from '../errors.ts';
import type { ClusterClient } from '../wire/cluster-client.ts';
import { requests } from '../wire/versions.ts';
import { readCommitted, type StoredRecord } from './read-committed.ts';

/** Where the owner of a log partition is: everything up to and including this is in Kafka or among the dead letters. */
export interface Position {
  /** Incarnation of the log partition's stream. */
  readonly incarnation: string;
  /** Log sequence. */
  readonly sequence: number;
  /** Part of what was made from that sequence. */
  readonly part: number;
  /** Whatever else its writer noted. */
  readonly [more: string]: unknown;
}

const EARLIEST = -2n;
const LATEST = -1n;
const ANY_REPLICA = -1;
const READ_UNCOMMITTED = 0;

/**
 * Reads a compacted topic from its beginning to the end it has now: the newest committed value of each key; a key whose newest
 * value is null is left out.
 *
 * The end is the high watermark and not the last stable offset: committed positions can lie behind a transaction that somebody
 * else still has open, and to overlook one means to produce again what is in Kafka. So this waits until such a
 * transaction has ended, which its coordinator sees to.
 *
 * Rejects with `position-unreadable` if a value is no position: a position is never skipped.
 */
export async function readPositions(
  client: ClusterClient,
  topic: string,
  signal: AbortSignal,
): Promise<Map<string, Position>> {
  const { topics } = await client.describe([topic]);
  const info = topics[0];
  if (info === undefined || info.errorCode !== 0) throw brokerError(info?.errorCode ?? 3, { topic });
  const perPartition = await Promise.all(
    info.partitions.map(async ({ leader }, partition) => {
      if (leader < 0) throw brokerError(5, { topic, partition });
      const source = { leader, topic, partition };
      const [first, end] = await Promise.all([
        offset(client, source, EARLIEST),
        offset(client, source, LATEST),
      ]);
      return readPartition(client, source, first, end, signal);
    }),
  );
  const positions = new Map<string, Position>();
  for (const values of perPartition) for (const [key, position] of values) positions.set(key, position);
  return positions;
}

interface Source {
  readonly leader: number;
  readonly topic: string;
  readonly partition: number;
}

async function readPartition(
  client: ClusterClient,
  source: Source,
  first: bigint,
  end: bigint,
  signal: AbortSignal,
): Promise<Map<string, Position>> {
  const positions = new Map<string, Position>();
  for (let next = first; next < end;) {
    signal.throwIfAborted();
    const { records, nextOffset } = await readCommitted(client, source, next);
    for (const record of records) {
      if (record.offset >= end) break;
      if (record.key === null) continue;
      const key = record.key.toString('utf8');
      if (record.value === null) positions.delete(key);
      else positions.set(key, parse(record, source));
    }
    // Nothing new before the end: somebody's transaction is open.
    if (nextOffset === next) await sleep(20, undefined, { signal });
    next = nextOffset;
  }
  return positions;
}

async function offset(client: ClusterClient, source: Source, timestamp: bigint): Promise<bigint> {
  const { leader, topic, partition } = source;
  const answer = await client.toNode(leader, requests.ListOffsets, ANY_REPLICA, READ_UNCOMMITTED, [
    { name: topic, partitions: [{ partitionIndex: partition, currentLeaderEpoch: -1, timestamp }] },
  ]);
  const found = answer.topics[0]?.partitions[0]?.offset;
  if (found === undefined) throw brokerError(-1, { topic, partition });
  return found;
}

function parse({ offset: at, value }: StoredRecord, { topic, partition }: Source): Position {
  let cause: unknown;
  try {
    const position: unknown = JSON.parse(value?.toString('utf8') ?? '');
    if (isPosition(position)) return position;
  } catch (error) {
    cause = error;
  }
  throw new KafkaDriverError(`Offset ${at} of ${topic}/${partition} is no position`, {
    code: KafkaErrorCode.positionUnreadable,
    topic,
    partition,
    cause,
  });
}

function isPosition(value: unknown): value is Position {
  if (typeof value !== 'object' || value === null) return false;
  const { incarnation, sequence, part } = value as Partial<Position>;
  return typeof incarnation === 'string' && isCount(sequence) && isCount(part);
}

function isCount(value: unknown): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

import type { fetchV12, RecordsBatch } from '@platformatic/kafka';
import { brokerError } from '../errors.ts';
import type { ClusterClient } from '../wire/cluster-client.ts';
import { requests } from '../wire/versions.ts';

export interface StoredRecord {
  readonly offset: bigint;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
}

const MAX_WAIT_MS = 250;
const MAX_BYTES = 8 * 1024 * 1024;
const READ_COMMITTED = 1;
const NO_SESSION = 0;
const NO_SESSION_EPOCH = -1;
const TRANSACTIONAL = 1 << 4;
const CONTROL = 1 << 5;
const ABORT = 0;

/**
 * One fetch from a partition's leader, without group or fetch session: committed records from an offset on, and the offset to
 * go on from (the same one if nothing came).
 */
export async function readCommitted(
  client: ClusterClient,
  { leader, topic, partition }: { leader: number; topic: string; partition: number },
  fetchOffset: bigint,
): Promise<{ records: StoredRecord[]; nextOffset: bigint }> {
  const answer = await client.toNode(
    leader,
    requests.Fetch,
    MAX_WAIT_MS,
    1,
    MAX_BYTES,
    READ_COMMITTED,
    NO_SESSION,
    NO_SESSION_EPOCH,
    [
      {
        // v12 names topics; the library's field for it is the one of the later versions.
        topicId: topic,
        partitions: [
          {
            partition,
            fetchOffset,
            currentLeaderEpoch: -1,
            lastFetchedEpoch: -1,
            partitionMaxBytes: MAX_BYTES,
          },
        ],
      },
    ],
    [],
    '',
  );
  const found = answer.responses[0]?.partitions[0];
  if (found === undefined) throw brokerError(-1, { topic, partition });
  const batches = found.records ?? [];
  const last = batches.at(-1);
  return {
    records: committed(batches, found.abortedTransactions ?? []).filter(
      ({ offset }) => offset >= fetchOffset,
    ),
    nextOffset: last === undefined ? fetchOffset : last.firstOffset + BigInt(last.lastOffsetDelta) + 1n,
  };
}

/** Drops control records and the records of aborted transactions; brokers leave that to their clients (KIP-98). */
export function committed(
  batches: readonly RecordsBatch[],
  aborted: readonly fetchV12.FetchResponsePartitionAbortedTransaction[],
): StoredRecord[] {
  const upcoming = aborted.toSorted((a, b) => (a.firstOffset < b.firstOffset ? -1 : 1));
  const aborting = new Set<bigint>();
  const records: StoredRecord[] = [];
  for (const { firstOffset, lastOffsetDelta, attributes, producerId, records: inBatch } of batches) {
    const lastOffset = firstOffset + BigInt(lastOffsetDelta);
    while (upcoming.length > 0 && upcoming[0]!.firstOffset <= lastOffset)
      aborting.add(upcoming.shift()!.producerId);
    if ((attributes & CONTROL) !== 0) {
      if (controlType(inBatch[0]?.key) === ABORT) aborting.delete(producerId);
      continue;
    }
    if ((attributes & TRANSACTIONAL) !== 0 && aborting.has(producerId)) continue;
    for (const { offsetDelta, key, value } of inBatch) {
      records.push({ offset: firstOffset + BigInt(offsetDelta), key, value });
    }
  }
  return records;
}

/** Key of a control record: version int16, type int16. */
function controlType(key: Buffer | null | undefined): number | undefined {
  return key === null || key === undefined || key.length < 4 ? undefined : key.readInt16BE(2);
}

import { createAPI, produceV9, Writer } from '@platformatic/kafka';

/** An encoded batch on its way to a partition. */
export interface EncodedBatch {
  readonly topic: string;
  readonly partition: number;
  readonly bytes: Buffer;
}

const ACKS_ALL = -1;

/**
 * Produce v9. The library's own encoder takes records, and would give them sequence numbers anew at each try; this one takes
 * batches that are encoded once. The answer is read by the library.
 *
 *   Produce Request => transactional_id acks timeout_ms [topic_data] TAG_BUFFER
 *     topic_data => name [partition_data] TAG_BUFFER
 *       partition_data => index records TAG_BUFFER
 */
export const produceBatches = createAPI<
  [transactionalId: string | null, timeoutMs: number, batches: readonly EncodedBatch[]],
  produceV9.ProduceResponse
>(produceV9.api.key, produceV9.api.version, createRequest, produceV9.parseResponse);

function createRequest(
  transactionalId: string | null,
  timeoutMs: number,
  batches: readonly EncodedBatch[],
): Writer {
  const topics = Map.groupBy(batches, ({ topic }) => topic);
  return Writer.create()
    .appendString(transactionalId)
    .appendInt16(ACKS_ALL)
    .appendInt32(timeoutMs)
    .appendArray([...topics], (topicWriter, [topic, partitions]) => {
      topicWriter.appendString(topic).appendArray(partitions, (writer, { partition, bytes }) => {
        writer
          .appendInt32(partition)
          .appendUnsignedVarInt(bytes.length + 1)
          .append(bytes);
      });
    })
    .appendTaggedFields();
}

import { setTimeout as sleep } from 'node:timers/promises';
import { KafkaDriverError, KafkaErrorCode, type OffsetRange, type ProducedRecord } from '@tributary/kafka';
import { HaltError } from '../errors.ts';
import type { OutRecord } from '../out/out-record.ts';
import type { Partitioner } from './partitioner.ts';
import type { ProducerSlot } from './producer-slot.ts';
import type { TopicDirectory, TopicRefusal, TopicWaiter } from './topic-directory.ts';

/** Something to be stored in Kafka: a record of OUT, or a position, which is never refused. */
export type Outgoing = OutRecord | PositionRecord;

/** A record of the positions topic. */
export interface PositionRecord extends ProducedRecord {
  readonly positions: true;
}

export interface DeliveryOptions {
  readonly slot: ProducerSlot;
  readonly topics: TopicDirectory;
  readonly partitioner: Partitioner;
  readonly waiter: TopicWaiter;
  /** Makes a dead letter of a record; resolves when it is stored. */
  refuse(records: readonly OutRecord[], refusal: TopicRefusal): Promise<void>;
  /** The positions topic is unknown or forbidden: makes it usable again, or fails. */
  restorePositionsTopic(): Promise<void>;
}

/**
 * Brings records to Kafka or among the dead letters, whatever it takes. Of records of one topic and partition
 * a later one is never sent before the fate of an earlier one is known, so their order stays.
 */
export class Delivery {
  readonly #options: DeliveryOptions;

  constructor(options: DeliveryOptions) {
    this.#options = options;
  }

  /** Resolves when each record is stored or refused. @throws StoppedError, or what `refuse` throws */
  async deliver(records: readonly Outgoing[]): Promise<void> {
    const { slot, topics, waiter } = this.#options;
    let pending = records;
    let waited = false;
    while (pending.length > 0) {
      try {
        await slot.send(pending);
        topics.stored(topicsOf(pending));
        pending = [];
      } catch (error) {
        if (!(error instanceof KafkaDriverError)) throw error;
        const left = without(pending, error.stored);
        if (error.recordFault) pending = await this.#withoutCulprit(pending, left, error);
        else if (error.topicFault) {
          waited = true;
          waiter.waiting(`Kafka refuses a topic: ${error.message}`);
          pending = await this.#afterTopicFault(left, error);
        } else pending = left;
      }
    }
    if (waited) waiter.waiting(null);
  }

  /** Finds the record at fault by sending smaller parts, one after the other. @returns what is still to be sent */
  async #withoutCulprit(
    sent: readonly Outgoing[],
    left: readonly Outgoing[],
    error: KafkaDriverError,
  ): Promise<readonly Outgoing[]> {
    const named = error.recordIndex === undefined ? undefined : sent[error.recordIndex];
    if (named !== undefined && left.includes(named)) {
      await this.#refuse([named], error);
      return left.filter((record) => record !== named);
    }
    const ofPlace = left.filter((record) => isAt(record, error));
    const suspects = ofPlace.length > 0 ? ofPlace : left;
    const groups = Map.groupBy(suspects, ({ topic, partition }) => `${topic}/${partition}`);
    const [group = []] = groups.values();
    if (groups.size > 1) for (const each of groups.values()) await this.deliver(each);
    else if (group.length === 1) await this.#refuse(group, error);
    else await this.#deliverHalves(group, error);
    const settled = new Set(suspects);
    return left.filter((record) => !settled.has(record));
  }

  async #deliverHalves(group: readonly Outgoing[], error: KafkaDriverError): Promise<void> {
    if (TOO_LARGE.has(error.code)) {
      // Perhaps no record is too large, only all of them together: then the next batches need not fail.
      this.#options.slot.limitBatches(group.reduce((sum, record) => sum + sizeOf(record), 0) / 2);
    }
    const middle = group.length >> 1;
    await this.deliver(group.slice(0, middle));
    await this.deliver(group.slice(middle));
  }

  async #afterTopicFault(left: readonly Outgoing[], error: KafkaDriverError): Promise<readonly Outgoing[]> {
    const { topics, waiter, restorePositionsTopic } = this.#options;
    const { topic } = error;
    await sleep(TOPIC_PAUSE_MS, undefined, { signal: waiter.signal });
    if (topic === undefined) return left;
    if (left.some((record) => isPosition(record) && record.topic === topic)) {
      await restorePositionsTopic();
      return left;
    }
    if (error.code === KafkaErrorCode.unknownPartition) topics.forget(topic);
    else topics.sendRefused(topic, error);
    const found = await topics.find(topic, waiter);
    if (typeof found === 'number') return this.#placed(left, topic, found);
    const refused = left.filter((record) => record.topic === topic);
    await this.#refuse(refused, found);
    return left.filter((record) => record.topic !== topic);
  }

  /** A topic that was deleted and created anew may have fewer partitions than its records were placed in. */
  #placed(left: readonly Outgoing[], topic: string, partitions: number): readonly Outgoing[] {
    for (const record of left) {
      if (isPosition(record) || record.topic !== topic || record.partition < partitions) continue;
      this.#options.partitioner.place(record, partitions);
    }
    return left;
  }

  async #refuse(records: readonly Outgoing[], refusal: TopicRefusal): Promise<void> {
    const ofOut: OutRecord[] = [];
    for (const record of records) {
      if (!isPosition(record)) ofOut.push(record);
      else throw new HaltError('positions-topic', `Kafka refuses a position for ever: ${refusal.message}`);
    }
    await this.#options.refuse(ofOut, refusal);
  }
}

/** The producer has been patient with the topic for a while already; this only keeps the loop from spinning. */
const TOPIC_PAUSE_MS = 250;

const TOO_LARGE: ReadonlySet<string> = new Set(['message-too-large', 'record-list-too-large']);

function isPosition(record: Outgoing): record is PositionRecord {
  return 'positions' in record;
}

function isAt(record: Outgoing, { topic, partition }: KafkaDriverError): boolean {
  return (
    (topic === undefined || record.topic === topic) &&
    (partition === undefined || record.partition === partition)
  );
}

function sizeOf({ key, value }: Outgoing): number {
  return (key?.length ?? 0) + (value?.length ?? 0);
}

function* topicsOf(records: readonly Outgoing[]): Generator<string> {
  let last = '';
  for (const { topic } of records) {
    if (topic !== last) yield topic;
    last = topic;
  }
}

/** What is left once the first records of each partition are known to be stored. */
function without(records: readonly Outgoing[], stored: readonly OffsetRange[]): readonly Outgoing[] {
  if (stored.length === 0) return records;
  const counts = new Map<string, number>();
  for (const { topic, partition, firstOffset, lastOffset } of stored) {
    const place = `${topic}/${partition}`;
    counts.set(place, (counts.get(place) ?? 0) + Number(lastOffset - firstOffset) + 1);
  }
  return records.filter(({ topic, partition }) => {
    const place = `${topic}/${partition}`;
    const count = counts.get(place) ?? 0;
    if (count > 0) counts.set(place, count - 1);
    return count === 0;
  });
}

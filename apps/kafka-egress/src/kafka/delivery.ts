import { setTimeout as sleep } from 'node:timers/promises';
import { KafkaErrorCode, type KafkaDriverError } from '@tributary/kafka';
import { HaltError } from '../errors.ts';
import type { OutRecord } from '../out/out-record.ts';
import { isPosition, sizeOf, type Outgoing } from './outgoing.ts';
import type { Partitioner } from './partitioner.ts';
import type { Apart, Producer } from './producer.ts';
import { isAt, type SendOutcome } from './send-outcome.ts';
import type { TopicDirectory, TopicRefusal, TopicWaiter } from './topic-directory.ts';

export interface DeliveryOptions {
  readonly producer: Producer;
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
 * a later one is never sent before the fate of an earlier one is known, so their order stays. From the first fault on, it
 * goes on with a producer of its own until all is done: other partitions share neither the search nor the waiting.
 */
export class Delivery {
  readonly #options: DeliveryOptions;
  #own: Apart | null = null;
  /** Records that were refused because each of them alone is too large. */
  #oversized = 0;

  constructor(options: DeliveryOptions) {
    this.#options = options;
  }

  /** Resolves when each record is stored or refused. One call at a time. @throws StoppedError, or what `refuse` throws */
  async deliver(records: readonly Outgoing[]): Promise<void> {
    if (this.#options.topics.isAnyAtFault(records)) this.#goApart();
    try {
      await this.#bring(records);
    } finally {
      await this.#own?.[Symbol.asyncDispose]();
      this.#own = null;
    }
  }

  async #bring(records: readonly Outgoing[]): Promise<void> {
    const { producer, topics, waiter } = this.#options;
    let pending = records;
    let waited = false;
    while (pending.length > 0) {
      const outcome = await (this.#own ?? producer).send(pending);
      if (outcome.kind === 'stored') {
        topics.stored(topicsOf(pending));
        break;
      }
      pending = outcome.left;
      if (outcome.kind === 'again') continue;
      this.#goApart();
      if (outcome.kind === 'suspected') continue;
      if (outcome.error.recordFault) pending = await this.#withoutCulprit(outcome);
      else {
        waited = true;
        waiter.waiting(`Kafka refuses a topic: ${outcome.error.message}`);
        pending = await this.#afterTopicFault(outcome.left, outcome.error);
      }
    }
    if (waited) waiter.waiting(null);
  }

  #goApart(): void {
    this.#own ??= this.#options.producer.apart();
  }

  /** Finds the record at fault by sending smaller parts, one after the other. @returns what is still to be sent */
  async #withoutCulprit({ left, error, culprit }: Fault): Promise<readonly Outgoing[]> {
    if (culprit !== undefined) {
      await this.#refuse([culprit], error);
      return left.filter((record) => record !== culprit);
    }
    const ofPlace = left.filter((record) => isAt(record, error));
    const suspects = ofPlace.length > 0 ? ofPlace : left;
    const groups = Map.groupBy(suspects, ({ topic, partition }) => `${topic}/${partition}`);
    const [group = []] = groups.values();
    if (groups.size > 1) for (const each of groups.values()) await this.#bring(each);
    else if (group.length === 1) await this.#refuse(group, error);
    else await this.#bringHalves(group, error);
    const settled = new Set(suspects);
    return left.filter((record) => !settled.has(record));
  }

  async #bringHalves(group: readonly Outgoing[], error: KafkaDriverError): Promise<void> {
    const oversized = this.#oversized;
    const middle = group.length >> 1;
    await this.#bring(group.slice(0, middle));
    await this.#bring(group.slice(middle));
    if (!TOO_LARGE.has(error.code) || this.#oversized > oversized) return;
    // No record was too large, only all of them together: the next batches need not fail.
    this.#options.producer.limitBatches(group.reduce((sum, record) => sum + sizeOf(record), 0) / 2);
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
    if (TOO_LARGE.has(refusal.code)) this.#oversized += ofOut.length;
    await this.#options.refuse(ofOut, refusal);
  }
}

type Fault = Extract<SendOutcome, { kind: 'fault' }>;

/** The producer has been patient with the topic for a while already; this only keeps the loop from spinning. */
const TOPIC_PAUSE_MS = 250;

const TOO_LARGE: ReadonlySet<string> = new Set(['message-too-large', 'record-list-too-large']);

function* topicsOf(records: readonly Outgoing[]): Generator<string> {
  let last = '';
  for (const { topic } of records) {
    if (topic !== last) yield topic;
    last = topic;
  }
}

import { deadLetterReason, type DeadLetter, type OutPosition, type OutRow } from '@tributary/contracts';
import type { StreamReader } from '@tributary/log';
import type { DeadLetterStore } from '../dead-letters/dead-letter-store.ts';
import { HaltError } from '../errors.ts';
import type { Partitioner } from '../kafka/partitioner.ts';
import type { TopicDirectory, TopicRefusal, TopicWaiter } from '../kafka/topic-directory.ts';
import { openOutMessage, outPositionOf, type OutMessage } from '../out/out-message.ts';
import type { OutQueue } from '../out/out-queue.ts';
import type { OutRecord } from '../out/out-record.ts';
import { comparePositions, placeOf, type EgressPosition } from '../position/position.ts';

export interface IntakeOptions {
  readonly reader: StreamReader;
  readonly queue: OutQueue;
  readonly deadLetters: DeadLetterStore;
  readonly topics: TopicDirectory;
  readonly partitioner: Partitioner;
  readonly waiter: TopicWaiter;
  /** Incarnation of the log partition. */
  readonly incarnation: string;
  /** Messages up to this one are in Kafka already. */
  readonly skipTo: EgressPosition | null;
  /** Called with each message that is passed over, and its sequence in OUT. */
  onSkipped(position: OutPosition, outSequence: number): void;
}

const TAKE_BYTES = 256 * 1024;

/**
 * Reads OUT ahead of Kafka: what it puts into the queue can be sent as it is. The mapper's dead letters of a message are
 * stored before the message goes into the queue, hence before the position can pass it.
 */
export class PartitionIntake {
  readonly #options: IntakeOptions;

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  /** Runs until the reader ends. @throws HaltError */
  async run(): Promise<void> {
    const { reader, queue, incarnation, skipTo, onSkipped } = this.#options;
    for (;;) {
      const messages = await reader.take(TAKE_BYTES);
      if (messages.length === 0) return;
      for (const message of messages) {
        const position = outPositionOf(message);
        if (position.incarnation !== incarnation) {
          throw new HaltError(
            'incarnation-unknown',
            `message ${message.sequence} of OUT was made from log ${position.incarnation}, but the log is ${incarnation}`,
          );
        }
        if (skipTo !== null && comparePositions(placeOf(position), skipTo) <= 0) {
          onSkipped(position, message.sequence);
          continue;
        }
        const opened = openOutMessage(message, position);
        if (opened.deadLetters.length > 0) await this.#store(opened);
        const refused = await this.#place(opened.records);
        await queue.put(
          refused ? { ...opened, records: opened.records.filter((r) => !refused.has(r)) } : opened,
        );
      }
    }
  }

  #store({ deadLetters, position }: OutMessage): Promise<void> {
    return this.#options.deadLetters.put(
      deadLetters.map((row) => letterFrom(position, row, deadLetterReason(row))),
    );
  }

  /** Gives each record its partition. @returns those that cannot have one and became dead letters, if any */
  async #place(records: readonly OutRecord[]): Promise<Set<OutRecord> | null> {
    const { topics, partitioner, waiter, deadLetters } = this.#options;
    const letters: DeadLetter[] = [];
    const refused = new Set<OutRecord>();
    let topic = '';
    let partitions: number | TopicRefusal | undefined;
    for (const record of records) {
      if (record.topic !== topic || partitions === undefined) {
        topic = record.topic;
        partitions = topics.known(topic) ?? (await topics.find(topic, waiter));
      }
      if (typeof partitions === 'number') partitioner.place(record, partitions);
      else {
        letters.push(letterOf(record, partitions));
        refused.add(record);
      }
    }
    if (letters.length === 0) return null;
    await deadLetters.put(letters);
    return refused;
  }
}

/** The dead letter of a record that Kafka does not take. */
export function letterOf(record: OutRecord, refusal: TopicRefusal): DeadLetter {
  return letterFrom(record.position, record.row, refusal);
}

function letterFrom(
  { incarnation, mapping, letter }: OutPosition,
  row: OutRow,
  { code, message }: Pick<TopicRefusal, 'code' | 'message'>,
): DeadLetter {
  return {
    code,
    message,
    incarnation,
    mapping,
    attempts: (letter?.attempts ?? 0) + 1,
    firstSeenMs: letter?.firstSeenMs ?? Date.now(),
    replayOf: letter?.sequence ?? 0,
    row,
    original: null,
  };
}

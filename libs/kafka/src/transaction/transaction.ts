import type { addPartitionsToTxnV3 } from '@platformatic/kafka';
import { defaults, type DriverOptions } from '../driver-options.ts';
import { brokerError, KafkaDriverError } from '../errors.ts';
import type { ClusterClient } from '../wire/cluster-client.ts';
import { TransactionCoordinator } from '../wire/transaction-coordinator.ts';
import { requests } from '../wire/versions.ts';
import { answerOf } from '../wire/wire-errors.ts';

/** A partition of a topic. */
export interface Place {
  readonly topic: string;
  readonly partition: number;
}

const OPERATION_NOT_ATTEMPTED = 55;

/**
 * The transactions of one producer, one after the other (KIP-98). A transaction begins with the first partition that takes part.
 *
 * EndTxn is spoken as version 3, after which producer id and epoch stay what they are, also on brokers that could count the epoch up
 * with each transaction (KIP-890, version 5). So an EndTxn whose answer was lost may be sent again: once the transaction
 * is complete, the coordinator answers it as it did the first time. What the newer epochs guard against, a batch that arrives after
 * its transaction has ended, cannot happen to a producer that is discarded after the first failure: the next one has
 * a higher epoch.
 */
export class Transaction {
  readonly id: string;
  readonly #coordinator: TransactionCoordinator;
  readonly #timeoutMs: number;
  readonly #places = new Map<string, Set<number>>();
  #producerId = -1n;
  #producerEpoch = -1;

  /** @param timeoutMs after which the coordinator aborts a transaction that nobody ended */
  constructor(id: string, timeoutMs: number, coordinator: TransactionCoordinator) {
    this.id = id;
    this.#timeoutMs = timeoutMs;
    this.#coordinator = coordinator;
  }

  /** Fences whoever used the id before. Resolves when that one's last transaction is committed or aborted everywhere. */
  async open(): Promise<{ producerId: bigint; producerEpoch: number }> {
    const answer = await this.#coordinator.ask(requests.InitProducerId, this.id, this.#timeoutMs);
    this.#producerId = answer.producerId;
    this.#producerEpoch = answer.producerEpoch;
    return answer;
  }

  /** Has these take part. To be called before anything is sent to them. @throws KafkaDriverError, naming the topic at fault */
  async enlist(places: Iterable<Place>): Promise<void> {
    const topics = this.#newOf(places);
    if (topics.length === 0) return;
    const request: addPartitionsToTxnV3.AddPartitionsToTxnRequestTransaction = {
      transactionalId: this.id,
      producerId: this.#producerId,
      producerEpoch: this.#producerEpoch,
      verifyOnly: false,
      topics,
    };
    try {
      await this.#coordinator.ask(requests.AddPartitionsToTxn, [request]);
    } catch (error) {
      throw refusal(error);
    }
    for (const { name, partitions } of topics) {
      this.#places.set(name, new Set([...(this.#places.get(name) ?? []), ...partitions]));
    }
  }

  /** All or nothing from here on. If it rejects, nobody knows which. */
  commit(): Promise<void> {
    return this.#end(true);
  }

  abort(): Promise<void> {
    return this.#end(false);
  }

  async #end(commit: boolean): Promise<void> {
    if (this.#places.size === 0) return;
    await this.#coordinator.ask(requests.EndTxn, this.id, this.#producerId, this.#producerEpoch, commit);
    this.#places.clear();
  }

  #newOf(places: Iterable<Place>): { name: string; partitions: number[] }[] {
    const topics = new Map<string, number[]>();
    for (const { topic, partition } of places) {
      if (this.#places.get(topic)?.has(partition)) continue;
      const partitions = topics.get(topic);
      if (partitions === undefined) topics.set(topic, [partition]);
      else partitions.push(partition);
    }
    return [...topics].map(([name, partitions]) => ({ name, partitions }));
  }
}

/** The transactions that the options ask for; null if they ask for none. @param signal ends what is being tried */
export function transactionOf(
  { transaction, onRetry }: DriverOptions,
  client: ClusterClient,
  signal: AbortSignal,
): Transaction | null {
  if (transaction === undefined) return null;
  const { id, timeoutMs = defaults.transactionTimeoutMs } = transaction;
  const coordinator = new TransactionCoordinator(client, {
    transactionalId: id,
    signal,
    onRetry: (notice) => onRetry?.(notice),
  });
  return new Transaction(id, timeoutMs, coordinator);
}

/** One partition that cannot take part keeps all from it; the answer has a code for each. */
function refusal(error: unknown): unknown {
  if (!(error instanceof KafkaDriverError)) return error;
  const answer = answerOf(error.cause) as addPartitionsToTxnV3.AddPartitionsToTxnResponse | undefined;
  for (const { name, resultsByPartition } of answer?.resultsByTransaction[0]?.topicResults ?? []) {
    for (const { partitionErrorCode, partitionIndex } of resultsByPartition) {
      if (partitionErrorCode === 0 || partitionErrorCode === OPERATION_NOT_ATTEMPTED) continue;
      return brokerError(partitionErrorCode, { topic: name, partition: partitionIndex, cause: error.cause });
    }
  }
  return error;
}

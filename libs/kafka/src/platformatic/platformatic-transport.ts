import { setTimeout as sleep } from 'node:timers/promises';
import { defaults, type DriverOptions } from '../driver-options.ts';
import { KafkaDriverError } from '../errors.ts';
import type { PartitionBatch } from '../partition-batch.ts';
import type { OffsetRange } from '../producer-driver.ts';
import type { ProducerTransport } from '../producer-transport.ts';
import { transactionOf, type Place, type Transaction } from '../transaction/transaction.ts';
import { ClusterClient } from '../wire/cluster-client.ts';
import { Leaders } from '../wire/leaders.ts';
import { requests } from '../wire/versions.ts';
import { recordsCodec } from './codecs.ts';
import { Lane } from './lane.ts';
import { judge, type Verdict } from './produce-answer.ts';
import { produceBatches, type EncodedBatch } from './produce-request.ts';
import { encodeRecordBatch, type BatchIdentity, type RecordsCodec } from './record-batch.ts';

const FIRST_BACKOFF_MS = 20;
const LONGEST_BACKOFF_MS = 1_000;
/** A topic that was just created, or whose partitions are being moved, is unknown to some broker for a moment. */
const UNKNOWN_TOPIC_GRACE_MS = 3_000;
/** Has no meaning without a transactional id, but its place in the request. */
const NO_TRANSACTION_TIMEOUT = 60_000;

/**
 * An idempotent producer on the protocol layer of @platformatic/kafka: its connections, requests and answers. Sequence numbers,
 * retries and leaders are kept here and not by the library's Producer; ADR 0006 has the measurements behind that.
 *
 * The rule that makes it idempotent: a batch is encoded once, with the producer id and sequence numbers it keeps, and until a
 * broker has answered for it, it is the only batch of its partition on the way.
 */
export class PlatformaticTransport implements ProducerTransport {
  readonly name = 'platformatic';
  readonly transaction: Transaction | null;
  readonly #client: ClusterClient;
  readonly #leaders: Leaders;
  readonly #codec: RecordsCodec | undefined;
  readonly #options: DriverOptions;
  readonly #timeoutMs: number;
  readonly #sequences = new Map<string, number[]>();
  readonly #severed = new AbortController();
  #producer: Pick<BatchIdentity, 'producerId' | 'producerEpoch'> = { producerId: -1n, producerEpoch: -1 };

  constructor(options: DriverOptions) {
    this.#options = options;
    this.#client = new ClusterClient(options);
    this.#leaders = new Leaders(this.#client);
    this.#codec = recordsCodec(options.compression ?? 'none');
    this.transaction = transactionOf(options, this.#client, this.#severed.signal);
    // The broker gives up waiting for replicas before this client gives up waiting for the broker.
    this.#timeoutMs = Math.ceil((options.requestTimeoutMs ?? defaults.requestTimeoutMs) * 0.9);
  }

  async open(): Promise<void> {
    await this.#client.describe([]);
    for (let attempt = 1; ; attempt++) {
      try {
        this.#producer = await (this.transaction?.open() ??
          this.#client.toAny(requests.InitProducerId, null, NO_TRANSACTION_TIMEOUT));
        return;
      } catch (error) {
        // A broker that just started has no block of producer ids yet (COORDINATOR_LOAD_IN_PROGRESS).
        if (!(error instanceof KafkaDriverError) || !error.retryable) throw error;
        await this.#pause(attempt, error);
      }
    }
  }

  async produce(batches: readonly PartitionBatch[]): Promise<readonly OffsetRange[]> {
    const lanes = batches.map((batch) => new Lane(batch, this.#reserve(batch)));
    const topics = new Set(batches.map(({ topic }) => topic));
    let unknownSince: number | undefined;
    for (let attempt = 1, known = true; ;) {
      let failure = await this.#lookUp(topics, known);
      const unfinished = lanes.filter(({ head }) => head !== undefined);
      if (unfinished.length === 0) return lanes.flatMap(({ ranges }) => ranges);
      if (failure === undefined) {
        const verdicts = await this.#try(unfinished);
        const refused = apply(unfinished, verdicts);
        if (refused !== undefined) throw withRanges(refused, lanes);
        failure = firstFailure(verdicts);
      }
      known = failure === undefined;
      if (failure === undefined) continue;
      unknownSince = failure.topicFault ? (unknownSince ?? performance.now()) : undefined;
      if (unknownSince !== undefined && performance.now() - unknownSince > UNKNOWN_TOPIC_GRACE_MS) {
        throw withRanges(failure, lanes);
      }
      await this.#pause(attempt++, failure);
    }
  }

  sever(): void {
    this.#severed.abort();
    this.#client.sever();
  }

  async dispose(): Promise<void> {
    this.sever();
  }

  /** Learns the leaders; after a failed try anew. A failure to do so is a failed try. */
  async #lookUp(topics: ReadonlySet<string>, known: boolean): Promise<KafkaDriverError | undefined> {
    try {
      await (known ? this.#leaders.learn(topics) : this.#leaders.refresh(topics));
      return undefined;
    } catch (error) {
      if (error instanceof KafkaDriverError && error.retryable && !this.#severed.signal.aborted) return error;
      throw error;
    }
  }

  /** Has the partitions take part in the transaction, if there is one. A failure that passes is a failed try. */
  async #enlist(places: readonly Place[]): Promise<KafkaDriverError | undefined> {
    try {
      await this.transaction?.enlist(places);
      return undefined;
    } catch (error) {
      const passes = error instanceof KafkaDriverError && error.topicFault && error.retryable;
      if (passes && !this.#severed.signal.aborted) return error;
      throw error;
    }
  }

  /** Sends the head of each lane to its leader, all leaders at once, and says what came of each it tried. */
  async #try(lanes: readonly Lane[]): Promise<(Verdict | undefined)[]> {
    const verdicts: (Verdict | undefined)[] = [];
    const byLeader = new Map<number, number[]>();
    let impossible = false;
    lanes.forEach(({ batch: { topic, partition } }, at) => {
      const leadership = this.#leaders.of(topic, partition);
      if ('error' in leadership) {
        verdicts[at] = { kind: leadership.passing ? 'again' : 'refused', error: leadership.error };
        impossible ||= !leadership.passing;
        return;
      }
      const group = byLeader.get(leadership.node);
      if (group === undefined) byLeader.set(leadership.node, [at]);
      else group.push(at);
    });
    // This send cannot succeed any more: nothing else is sent, so that less is stored twice.
    if (impossible) return verdicts;
    const groups = [...byLeader.values()].flat();
    const excluded = await this.#enlist(groups.map((at) => lanes[at]!.batch));
    if (excluded !== undefined) {
      for (const at of groups) verdicts[at] = { kind: 'again', error: excluded };
      return verdicts;
    }
    await Promise.all(
      [...byLeader].map(async ([node, group]) => {
        const answers = await this.#send(
          node,
          group.map((at) => lanes[at]!),
        );
        group.forEach((at, i) => (verdicts[at] = answers[i]!));
      }),
    );
    return verdicts;
  }

  async #send(node: number, lanes: readonly Lane[]): Promise<Verdict[]> {
    const encoded: EncodedBatch[] = await Promise.all(
      lanes.map(async ({ batch: { topic, partition }, head }) => {
        const { records, firstSequence } = head!;
        const identity = { ...this.#producer, firstSequence, transactional: this.transaction !== null };
        head!.bytes ??= await encodeRecordBatch(records, identity, this.#codec);
        return { topic, partition, bytes: head!.bytes };
      }),
    );
    try {
      const id = this.transaction?.id ?? null;
      const answer = await this.#client.toNode(node, produceBatches, id, this.#timeoutMs, encoded);
      return judge(lanes, answer);
    } catch (error) {
      return judge(lanes, error);
    }
  }

  #reserve({ topic, partition, records }: PartitionBatch): number {
    let partitions = this.#sequences.get(topic);
    if (partitions === undefined) this.#sequences.set(topic, (partitions = []));
    const first = partitions[partition] ?? 0;
    partitions[partition] = (first + records.length) % 2 ** 31;
    return first;
  }

  async #pause(attempt: number, error: KafkaDriverError): Promise<void> {
    this.#options.onRetry?.({ attempt, code: error.code, reason: error.message });
    const longest = Math.min(FIRST_BACKOFF_MS * 2 ** (attempt - 1), LONGEST_BACKOFF_MS);
    await sleep(longest * (0.75 + Math.random() / 4), undefined, { signal: this.#severed.signal });
  }
}

/** Moves the lanes on; the error to end with, if a broker refused one for good. A record at fault counts before other causes. */
function apply(
  lanes: readonly Lane[],
  verdicts: readonly (Verdict | undefined)[],
): KafkaDriverError | undefined {
  let refused: KafkaDriverError | undefined;
  lanes.forEach((lane, at) => {
    const verdict = verdicts[at];
    if (verdict === undefined) return;
    if (verdict.kind === 'stored') lane.stored(verdict.firstOffset);
    else if (verdict.kind === 'divide') lane.divide();
    else if (
      verdict.kind === 'refused' &&
      (refused === undefined || (verdict.error.recordFault && !refused.recordFault))
    ) {
      refused = verdict.error;
    }
  });
  return refused;
}

function firstFailure(verdicts: readonly (Verdict | undefined)[]): KafkaDriverError | undefined {
  for (const verdict of verdicts) if (verdict?.kind === 'again') return verdict.error;
  return undefined;
}

function withRanges(error: KafkaDriverError, lanes: readonly Lane[]): KafkaDriverError {
  const stored = lanes.flatMap(({ ranges }) => ranges);
  return new KafkaDriverError(error.message, { ...error, stored, cause: error.cause });
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { JetStreamManager } from '@nats-io/jetstream';
import { ContractError, type DeadLetter, type ReplayMark } from '@tributary/contracts';
import { LogError } from '@tributary/log';
import type { Log } from '@tributary/service';
import type { ClusterPlan } from '../batch/envelope-mapper.ts';
import type { BatchStream } from '../partition/batch-stream.ts';
import type { BatchWriter } from '../partition/batch-writer.ts';
import type { ClusterPartition } from '../partition/partition-context.ts';
import type { PartitionMetrics } from '../partition/partition-metrics.ts';
import type { LetterMapper } from './letter-mapper.ts';
import type { LetterShelf } from './letter-shelf.ts';
import { RequestQueue, type PlacedRequest } from './request-queue.ts';

export interface ReplayInputOptions {
  readonly manager: JetStreamManager;
  readonly place: ClusterPartition;
  /** Of the stream of requests, should it have to be created. */
  readonly replicas: number;
  readonly letters: LetterShelf;
  readonly mapper: LetterMapper;
  readonly stream: Pick<BatchStream, 'insert'>;
  readonly writer: BatchWriter;
  /** Name of the OUT stream, */
  readonly out: string;
  /** and the sequence of its last message when this owner began. */
  readonly outSequence: number;
  readonly metrics: PartitionMetrics;
  readonly log: Log;
  /** The plan in effect; null once the work must end. */
  plan(): ClusterPlan | null | Promise<ClusterPlan | null>;
}

/** A request whose outcome is in OUT, up to this message of it. */
interface Written {
  readonly request: PlacedRequest;
  readonly outSequence: number;
}

const EVERY_MS = 1_000;
/** Requests that may wait for kafka-egress. Further ones wait in their stream. */
const MOST_WRITTEN = 1_000;

/**
 * The second input of OUT: requests to map a dead letter again (ADR 14). What comes of a letter is written as a batch
 * whose header names the request, so that OUT says which requests are done, to this owner and to the next. The letter
 * is removed once kafka-egress has passed that batch, and the request after it.
 */
export class ReplayInput {
  readonly #options: ReplayInputOptions;
  /** In the order of OUT. */
  readonly #written: Written[] = [];
  #requests: RequestQueue | null = null;
  /** The last request that was looked at, in this life of their stream. */
  #after = { sequence: 0, incarnation: '' };

  constructor(options: ReplayInputOptions) {
    this.#options = options;
  }

  /** Runs until the signal aborts. What goes wrong is tried again: the mapping of the log does not depend on it. */
  async run(signal: AbortSignal): Promise<void> {
    const { log, place, manager, replicas } = this.#options;
    while (!signal.aborted) {
      try {
        this.#requests ??= await RequestQueue.open(manager, place, replicas);
        await this.#round(this.#requests, signal);
      } catch (error) {
        if (signal.aborted) return;
        log.warn({ ...place, error }, 'replay of dead letters was interrupted, tried again soon');
        this.#requests = null;
      }
      await sleep(EVERY_MS, undefined, { signal }).catch(() => {});
    }
  }

  async #round(requests: RequestQueue, signal: AbortSignal): Promise<void> {
    const end = await requests.end();
    if (this.#after.incarnation !== requests.incarnation) await this.#recall(requests);
    while (!signal.aborted && this.#after.sequence < end && this.#written.length < MOST_WRITTEN) {
      const request = await requests.next(this.#after.sequence);
      if (request === null) break;
      await this.#replay(request, requests);
      this.#after = { ...this.#after, sequence: request.sequence };
    }
    await this.#settle(requests);
  }

  /** Finds the requests again that former owners have done and not removed. */
  async #recall(requests: RequestQueue): Promise<void> {
    const { writer, outSequence } = this.#options;
    const { incarnation } = requests;
    const mark = writer.mark?.requests === incarnation ? writer.mark.request : 0;
    const done: Written[] = [];
    for (let sequence = 0; sequence < mark;) {
      const request = await requests.next(sequence);
      if (request === null || request.sequence > mark) break;
      done.push({ request, outSequence });
      sequence = request.sequence;
    }
    this.#written.push(...done);
    this.#after = { sequence: mark, incarnation };
  }

  async #replay(request: PlacedRequest, requests: RequestQueue): Promise<void> {
    const { metrics, log, place } = this.#options;
    const found = await this.#letterOf(request);
    if (found === 'unreadable') {
      metrics.replayed('unreadable');
      log.error(
        { ...place, letter: request.letter },
        'dead letter cannot be read: it stays, and is not replayed',
      );
      await requests.remove(request);
    } else if (found === null || found.subject !== request.subject) {
      // Discarded, or replayed by an earlier request: a letter goes before its request does.
      metrics.replayed('gone');
      await requests.remove(request);
    } else await this.#write(request, found.letter, requests);
  }

  async #letterOf({
    letter,
  }: PlacedRequest): Promise<Awaited<ReturnType<LetterShelf['find']>> | 'unreadable'> {
    try {
      return letter === 0 ? null : await this.#options.letters.find(letter);
    } catch (error) {
      if (error instanceof ContractError) return 'unreadable';
      throw error;
    }
  }

  async #write(request: PlacedRequest, letter: DeadLetter, requests: RequestQueue): Promise<void> {
    const { mapper, stream, writer, metrics } = this.#options;
    const plan = await this.#options.plan();
    if (plan === null) throw new LogError('closed', 'the partition was let go of');
    const parts = mapper.map(letter, plan);
    const { attempts, firstSeenMs } = letter;
    const replay: ReplayMark = {
      count: (writer.mark?.count ?? 0) + 1,
      request: request.sequence,
      requests: requests.incarnation,
    };
    const outSequence = await stream.insert((covered) =>
      writer.write({
        from: covered + 1,
        sequence: covered,
        mapping: plan.version,
        parts,
        replay,
        letter: { sequence: request.letter, attempts, firstSeenMs },
      }),
    );
    this.#written.push({ request, outSequence });
    metrics.replayed(parts.some(({ deadLetters }) => deadLetters !== null) ? 'letter' : 'records');
  }

  /**
   * Removes what kafka-egress has passed: OUT begins with the message of the committed position once it was trimmed.
   * Until then the letter is what kafka-egress finds the original message in, should Kafka refuse the record again.
   */
  async #settle(requests: RequestQueue): Promise<void> {
    const { manager, out, letters } = this.#options;
    if (this.#written.length === 0) return;
    const { state } = await manager.streams.info(out);
    // A stream that was never trimmed begins with 1, whether that is committed or not.
    const passed = state.first_seq > 1 ? state.first_seq : 0;
    while (this.#written[0] && this.#written[0].outSequence <= passed) {
      const { request } = this.#written[0];
      await letters.remove(request);
      await requests.remove(request);
      this.#written.shift();
    }
  }
}

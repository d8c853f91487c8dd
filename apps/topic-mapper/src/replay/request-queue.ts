import type { JetStreamManager } from '@nats-io/jetstream';
import {
  readReplayRequest,
  replayStream,
  StreamMeta,
  subjects,
  type ReplayRequest,
} from '@tributary/contracts';
import { ensureStream, LogError } from '@tributary/log';
import type { ClusterPartition } from '../partition/partition-context.ts';

/** A request at its place. */
export interface PlacedRequest extends ReplayRequest {
  /** In the stream of requests, */
  readonly sequence: number;
  /** and under which subject. */
  readonly name: string;
}

/** The requests to replay dead letters of one cluster and partition, in the order of their stream. */
export class RequestQueue {
  /** Of the stream: positions in another life of it say nothing. */
  readonly incarnation: string;
  readonly #manager: JetStreamManager;
  readonly #stream: string;
  readonly #place: ClusterPartition;

  private constructor(
    manager: JetStreamManager,
    stream: { name: string; incarnation: string },
    place: ClusterPartition,
  ) {
    this.#manager = manager;
    this.#stream = stream.name;
    this.#place = place;
    this.incarnation = stream.incarnation;
  }

  static async open(
    manager: JetStreamManager,
    place: ClusterPartition,
    replicas: number,
  ): Promise<RequestQueue> {
    const stream = await ensureStream(manager, replayStream(place.cluster, replicas));
    return new RequestQueue(manager, stream, place);
  }

  /** Sequence of the last request of any partition. @throws LogError 'incarnation-unknown' if the stream was created anew */
  async end(): Promise<number> {
    const { config, state } = await this.#manager.streams.info(this.#stream);
    if (config.metadata?.[StreamMeta.incarnation] === this.incarnation) return state.last_seq;
    throw new LogError('incarnation-unknown', `${this.#stream} was created anew while it was being read`);
  }

  /** The first request behind `after`; null if there is none. */
  async next(after: number): Promise<PlacedRequest | null> {
    const { cluster, partition } = this.#place;
    // The client has no type for this query, which the server has answered since 2.2.
    const query = { seq: after + 1, next_by_subj: subjects.replaysOf(cluster, partition) };
    const message = await this.#manager.streams.getMessage(this.#stream, query);
    if (message === null) return null;
    const { seq: sequence, subject: name, data } = message;
    return { sequence, name, ...readReplayRequest(name, data) };
  }

  /** Removes a request that is done. */
  async remove({ name, sequence }: PlacedRequest): Promise<void> {
    await this.#manager.streams.purge(this.#stream, { filter: name, seq: sequence + 1 });
  }
}

import { status } from '@grpc/grpc-js';
import { JetStreamApiError } from '@nats-io/jetstream';
import type { DeadLetterServiceServer } from '@tributary/contracts/control/dead-letters';
import { ApiCode, isApiError, LogError } from '@tributary/log';
import { RpcError, unary, type Log } from '@tributary/service';
import type { Metrics } from '@tributary/telemetry';
import type { LetterDesk, Selection } from './letter-desk.ts';
import { summaryMessage, wholeMessage } from './letter-message.ts';
import { askedOf, clusterOf, filterOf, limitOf, sequenceOf, type Asked } from './letter-query.ts';

export interface DeadLetterServiceOptions {
  readonly desk: LetterDesk;
  /** Of the log. */
  readonly partitions: number;
  readonly log: Log;
  readonly metrics: Metrics;
}

const PAGE = 50;
const LARGEST_PAGE = 1_000;

/** `tributary.control.v1.DeadLetterService` over the desk. */
export function deadLetterService(options: DeadLetterServiceOptions): DeadLetterServiceServer {
  const { desk, partitions, log, metrics } = options;
  return {
    listDeadLetters: unary(log, async (request) => {
      const cluster = clusterOf(request);
      const filter = filterOf(request.filter, partitions);
      const limit = limitOf(request.limit, PAGE, LARGEST_PAGE);
      return await of(cluster, async () => {
        const { letters, nextAfter } = await desk.scan(cluster, filter, request.after, limit);
        return { letters: letters.map(summaryMessage), nextAfter };
      });
    }),
    getDeadLetter: unary(log, async (request) => {
      const cluster = clusterOf(request);
      const sequence = sequenceOf(request.sequence);
      return await of(cluster, async () => {
        const message = await desk.get(cluster, sequence);
        if (message !== null) return wholeMessage(message);
        throw new RpcError(status.NOT_FOUND, `sequence: cluster ${cluster} has no dead letter ${sequence}`);
      });
    }),
    replayDeadLetters: unary(log, async (request) => {
      const cluster = clusterOf(request);
      const asked = askedOf(request, partitions);
      return await of(cluster, async () => {
        const { letters, missing, nextAfter } = await select(desk, cluster, asked);
        const { requested, pending } = await desk.replay(cluster, letters);
        metrics.counter('tributary_control_letter_replays_total', { cluster }).add(requested);
        log.info({ cluster, requested, pending, missing }, 'replay of dead letters asked for');
        return { requested, pending, missing, nextAfter };
      });
    }),
    discardDeadLetters: unary(log, async (request) => {
      const cluster = clusterOf(request);
      const asked = askedOf(request, partitions);
      return await of(cluster, async () => {
        const { letters, missing, nextAfter } = await select(desk, cluster, asked);
        const discarded = await desk.discard(cluster, letters);
        metrics.counter('tributary_control_letters_discarded_total', { cluster }).add(discarded);
        log.info({ cluster, discarded, missing }, 'dead letters discarded');
        return { discarded, missing, nextAfter };
      });
    }),
  };
}

async function select(desk: LetterDesk, cluster: string, asked: Asked): Promise<Selection> {
  if ('ids' in asked) return desk.find(cluster, asked.ids);
  return { ...(await desk.scan(cluster, asked.filter, asked.after, asked.limit)), missing: 0 };
}

/** Has what goes wrong with a cluster's streams told in the words of gRPC. */
async function of<T>(cluster: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof RpcError) throw error;
    if (isApiError(error, ApiCode.streamNotFound)) {
      throw new RpcError(status.NOT_FOUND, `cluster: there are no dead letters of a cluster "${cluster}"`);
    }
    if (isApiError(error, ApiCode.maximumBytes)) {
      const message = `too many replays of cluster ${cluster} wait to be done: try again later`;
      throw new RpcError(status.RESOURCE_EXHAUSTED, message, { cause: error });
    }
    if (error instanceof LogError || error instanceof JetStreamApiError) {
      const code =
        error instanceof LogError && !error.retryable ? status.FAILED_PRECONDITION : status.UNAVAILABLE;
      throw new RpcError(code, error.message, { cause: error });
    }
    throw error;
  }
}

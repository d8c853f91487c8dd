import { setTimeout as sleep } from 'node:timers/promises';
import type { API } from '@platformatic/kafka';
import type { RetryNotice } from '../driver-options.ts';
import { brokerError, KafkaDriverError, KafkaErrorCode } from '../errors.ts';
import type { ClusterClient } from './cluster-client.ts';
import { requests } from './versions.ts';

export interface CoordinatorOptions {
  readonly transactionalId: string;
  /** Ends the attempts. */
  readonly signal: AbortSignal;
  onRetry(notice: RetryNotice): void;
}

const TRANSACTION = 1;
/** The end of the transaction before is usually a matter of a few ms. */
const FIRST_BACKOFF_MS = 5;
const LONGEST_BACKOFF_MS = 1_000;

/** The transaction before is still being ended: the coordinator is the right one. */
const CONCURRENT = 'concurrent-transactions';

/** After these the same request is sent again, to whoever is the coordinator then. */
const AGAIN: ReadonlySet<string> = new Set([
  CONCURRENT,
  KafkaErrorCode.connection,
  KafkaErrorCode.requestTimeout,
  'coordinator-load-in-progress',
  'coordinator-not-available',
  'not-coordinator',
  'network-exception',
  'request-timed-out',
  'throttling-quota-exceeded',
]);

/** The broker that keeps the state of one transactional id, wherever it moves. */
export class TransactionCoordinator {
  readonly #client: ClusterClient;
  readonly #options: CoordinatorOptions;
  #node: number | undefined;

  constructor(client: ClusterClient, options: CoordinatorOptions) {
    this.#client = client;
    this.#options = options;
  }

  /**
   * Asks until there is an answer. Only for requests that may arrive twice: those about transactions may, as long as each
   * names producer id and epoch.
   *
   * @throws KafkaDriverError for an answer that asking again does not change
   */
  async ask<Args extends unknown[], Answer>(api: API<Args, Answer>, ...args: Args): Promise<Answer> {
    const { signal, onRetry } = this.#options;
    for (let attempt = 1; ; attempt++) {
      try {
        this.#node ??= await this.#find();
        return await this.#client.toNode(this.#node, api, ...args);
      } catch (error) {
        if (!(error instanceof KafkaDriverError) || !AGAIN.has(error.code) || signal.aborted) throw error;
        if (error.code !== CONCURRENT) this.#node = undefined;
        onRetry({ attempt, code: error.code, reason: error.message });
      }
      const longest = Math.min(FIRST_BACKOFF_MS * 2 ** (attempt - 1), LONGEST_BACKOFF_MS);
      await sleep(longest * (0.75 + Math.random() / 4), undefined, { signal });
    }
  }

  async #find(): Promise<number> {
    const { transactionalId } = this.#options;
    // The node it names is reached by its address in the metadata, which may be older than the node.
    await this.#client.describe([]);
    const { coordinators } = await this.#client.toAny(requests.FindCoordinator, TRANSACTION, [
      transactionalId,
    ]);
    const found = coordinators[0];
    if (found === undefined) throw brokerError(-1, { detail: 'no coordinator was named' });
    return found.nodeId;
  }
}

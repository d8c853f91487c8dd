import { StoppedError } from '../errors.ts';
import type { FoundPositions, PositionTopic } from '../position/position-topic.ts';
import type { Outgoing } from './outgoing.ts';
import { OwnProducer } from './own-producer.ts';
import type { Producer } from './producer.ts';
import type { SendOutcome } from './send-outcome.ts';
import type { Member, Share, SharedProducer } from './shared-producer.ts';

/** The shared producer as one partition sees it. */
export class PartitionProducer implements Producer, Member, AsyncDisposable {
  readonly atomic = false;
  readonly onAway: (reason: string | null) => void;
  readonly #shared: SharedProducer;
  readonly #signal: AbortSignal;
  readonly #stopped = Promise.withResolvers<never>();
  #share: Share | null = null;

  /**
   * @param signal nothing more of this partition may be sent
   * @param onAway called with the reason when Kafka cannot be reached or does not answer, with null when it does again
   */
  constructor(shared: SharedProducer, signal: AbortSignal, onAway: (reason: string | null) => void) {
    this.onAway = onAway;
    this.#shared = shared;
    this.#signal = signal;
    this.#stopped.promise.catch(() => {});
    if (signal.aborted) this.#stop();
    else signal.addEventListener('abort', this.#stop, { once: true });
    shared.join(this);
  }

  async start(positions: PositionTopic): Promise<FoundPositions> {
    await Promise.race([this.#shared.connect(), this.#stopped.promise]);
    await positions.open();
    return positions.read();
  }

  turn(): Promise<void> {
    return this.#shared.rounds.turn();
  }

  send(records: readonly Outgoing[]): Promise<SendOutcome> {
    if (this.#signal.aborted) return this.#stopped.promise;
    return new Promise((settle, fail) => {
      this.#share = { records, settle, fail };
      this.#shared.add(this.#share);
    });
  }

  limitBatches(bytes: number): void {
    this.#shared.limitBatches(bytes);
  }

  apart(): OwnProducer {
    return new OwnProducer(this.#shared.slotApart({ signal: this.#signal, onAway: this.onAway }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#signal.removeEventListener('abort', this.#stop);
    this.#stop();
    this.#shared.leave(this);
  }

  readonly #stop = (): void => {
    const error = new StoppedError('the partition was stopped');
    this.#stopped.reject(error);
    if (this.#share === null) return;
    this.#shared.abandon(this.#share);
    this.#share.fail(error);
    this.#share = null;
  };
}

import type { FoundPositions, PositionTopic } from '../position/position-topic.ts';
import type { Outgoing } from './outgoing.ts';
import type { SendOutcome } from './send-outcome.ts';

/** What one partition produces with. It has at most one send outstanding. */
export interface Producer {
  /** True: the records of a send are stored together with the position among them, or not at all. */
  readonly atomic: boolean;
  /**
   * Obtains a producer id and then reads the positions, in this order and however long it takes: what a former owner may
   * still send is sent or can no longer be. @throws StoppedError, HaltError
   */
  start(positions: PositionTopic): Promise<FoundPositions>;
  /** Resolves when the next send may be made up: not before it could leave, so that it holds all that came until then. */
  turn(): Promise<void>;
  /** One try. @throws StoppedError; nothing that has not left by then will */
  send(records: readonly Outgoing[]): Promise<SendOutcome>;
  /** Has later batches be no larger than this, in bytes, where they could be before. */
  limitBatches(bytes: number): void;
  /** For what must be tried apart from the records of other partitions. */
  apart(): Apart;
}

/** Sends what concerns nobody else, until it is disposed of. */
export type Apart = Pick<Producer, 'send'> & AsyncDisposable;

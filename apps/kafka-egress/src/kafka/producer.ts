import type { Outgoing } from './outgoing.ts';
import type { SendOutcome } from './send-outcome.ts';

/** What one partition produces with. It has at most one send outstanding. */
export interface Producer {
  /** Resolves once there is a producer id, however long that takes. @throws StoppedError */
  connect(): Promise<void>;
  /** Resolves when the next send may be made up: not before it could leave, so that it holds all that came until then. */
  turn(): Promise<void>;
  /** One try. @throws StoppedError; nothing that has not left by then will */
  send(records: readonly Outgoing[]): Promise<SendOutcome>;
  /** Has later batches be no larger than this, in bytes, where they could be before. */
  limitBatches(bytes: number): void;
}

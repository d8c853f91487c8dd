/** Why a partition stops and waits for somebody. Codes are stable; match on them, never on text. */
export type HaltCode =
  /** OUT or the reader's cursor belongs to another log. */
  | 'incarnation-unknown'
  /** OUT or the reader's cursor is ahead of the log: the log lost its end. */
  | 'position-beyond'
  /** The log begins behind the position: what was not mapped is gone. */
  | 'position-gap'
  /** OUT is empty and nobody registered where to begin. */
  | 'reader-missing'
  /** The last message of OUT does not say where it comes from. */
  | 'checkpoint-invalid'
  /** An unfinished batch was made with a mapping version that is not stored, */
  | 'mapping-missing'
  /** that does not compile here, */
  | 'mapping-invalid'
  /** or that makes another batch of the same rows. */
  | 'not-reproducible';

/** A finding that ends the work on a partition: going on by itself would lose or repeat records. */
export class HaltError extends Error {
  override readonly name = 'HaltError';
  readonly code: HaltCode;
  readonly retryable = false;

  constructor(code: HaltCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

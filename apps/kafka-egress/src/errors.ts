/** Why a partition stops and waits for somebody. Codes are stable; match on them, never on text. */
export type HaltCode =
  /** The position in Kafka belongs to another log or another OUT. */
  | 'incarnation-unknown'
  /** Kafka holds no position, but OUT was trimmed by somebody who had one. */
  | 'position-missing'
  /** The position lies behind the end of OUT: OUT lost its end. */
  | 'position-beyond'
  /** OUT begins behind the position: something that was not committed is gone. */
  | 'position-gap'
  /** A message of OUT cannot be read. */
  | 'out-invalid'
  /** The positions topic cannot be used as it is. */
  | 'positions-topic';

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

/** The work on a partition was ended from outside. Says nothing about what was on its way. */
export class StoppedError extends Error {
  override readonly name = 'StoppedError';
  readonly code = 'stopped';
  readonly retryable = true;
}

/**
 * Somebody else works on the partition, or Kafka gave its transaction up: what was on its way is not stored. Whoever still
 * has a lease begins anew with the position that Kafka holds.
 */
export class DeposedError extends Error {
  override readonly name = 'DeposedError';
  readonly code = 'deposed';
  readonly retryable = true;
}

/** A cluster of the mapping cannot be served by this process as things are. */
export class ClusterError extends Error {
  override readonly name = 'ClusterError';
  readonly code: 'cluster-settings';
  readonly retryable = false;

  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = 'cluster-settings';
  }
}

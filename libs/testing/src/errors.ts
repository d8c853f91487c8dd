/** What went wrong while real servers or services were found, started or awaited. `code` is stable. */
export type TestingErrorCode =
  | 'exited-early'
  | 'invalid-option'
  | 'lock-timeout'
  | 'no-free-port'
  | 'not-provisioned'
  | 'not-ready'
  | 'port-taken'
  | 'timeout';

export class TestingError extends Error {
  override readonly name = 'TestingError';
  readonly code: TestingErrorCode;
  /** True where the same call can succeed later without a change by the user. */
  readonly retryable: boolean;

  constructor(code: TestingErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
    this.retryable = code === 'lock-timeout' || code === 'timeout';
  }
}

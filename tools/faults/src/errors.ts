export type FaultsErrorCode = 'usage' | 'no-kcat' | 'no-bite' | 'disk';

/** Why the suite, or a row of it, could not be run; printed without a stack. */
export class FaultsError extends Error {
  override readonly name = 'FaultsError';
  readonly code: FaultsErrorCode;
  readonly retryable = false;

  constructor(code: FaultsErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }
}

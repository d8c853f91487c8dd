export type ConformanceErrorCode = 'usage' | 'no-checkout' | 'no-program' | 'no-result';

/** Why a suite could not be run; printed without a stack. */
export class ConformanceError extends Error {
  override readonly name = 'ConformanceError';
  readonly code: ConformanceErrorCode;
  readonly retryable = false;

  constructor(code: ConformanceErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }
}

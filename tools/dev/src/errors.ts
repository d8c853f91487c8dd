export type DevErrorCode =
  | 'already-running'
  | 'checks-failed'
  | 'mapping-file'
  | 'ports-taken'
  | 'unusable-server'
  | 'usage'
  | 'not-ready';

/** Something that the user of a command can put right; printed without a stack. */
export class DevError extends Error {
  override readonly name = 'DevError';
  readonly code: DevErrorCode;
  readonly retryable: boolean;

  constructor(code: DevErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
    this.retryable = code === 'not-ready';
  }
}

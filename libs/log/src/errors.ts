/** What can go wrong between a service and the log. Codes are stable; match on them, never on text. */
export type LogErrorCode =
  | 'unreachable'
  | 'not-authorized'
  | 'server-too-old'
  | 'jetstream-missing'
  | 'stream-missing'
  | 'stream-differs'
  | 'not-stored'
  | 'closed'
  | 'deposed'
  | 'position-gap'
  | 'position-beyond'
  | 'incarnation-unknown'
  | 'lease-lost'
  | 'conflict';

const RETRYABLE: ReadonlySet<LogErrorCode> = new Set(['unreachable', 'stream-missing', 'not-stored']);

export class LogError extends Error {
  override readonly name = 'LogError';
  readonly code: LogErrorCode;
  /** True if the same call may succeed later without anybody changing anything. */
  readonly retryable: boolean;

  constructor(code: LogErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
    this.retryable = RETRYABLE.has(code);
  }
}

export type MqttErrorCode =
  /** The address is in use, not ours, or not allowed. */
  | 'listen-failed'
  /** An option is outside its range. */
  | 'invalid-option'
  /** A queue or window has no room; the caller decides what gives way. */
  | 'window-full'
  /** An exchange with a client cannot go on: its connection has ended. */
  | 'connection-ended'
  /** A packet would be larger than the client takes. */
  | 'packet-too-large';

/** Errors of this package that reach its callers; match on `code`. */
export class MqttError extends Error {
  readonly code: MqttErrorCode;
  readonly retryable: boolean;

  constructor(code: MqttErrorCode, message: string, options: { cause?: unknown; retryable?: boolean } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.name = 'MqttError';
    this.code = code;
    this.retryable = options.retryable ?? false;
  }
}

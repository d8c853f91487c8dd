/** Why an ingress node turned something away. Codes are stable and label metrics. */
export type IngressErrorCode =
  /** The node is starting, has lost its lease, or is going down. */
  | 'not-serving'
  /** More waits than is allowed to wait. */
  | 'busy'
  /** It took longer than it may. */
  | 'timeout'
  /** A newer connection of the same client id came. */
  | 'superseded'
  /** Session-state could not take up the session. */
  | 'session-unavailable'
  /** The connection ended meanwhile. */
  | 'gone'
  /** The NATS server carries too small messages. */
  | 'payload-too-small';

export class IngressError extends Error {
  override readonly name = 'IngressError';
  readonly code: IngressErrorCode;
  readonly retryable: boolean;

  constructor(code: IngressErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
    this.retryable = code !== 'payload-too-small';
  }
}

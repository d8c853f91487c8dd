export type BenchErrorCode =
  'usage' | 'kafka-protocol' | 'mqtt-protocol' | 'mapping-refused' | 'not-ready' | 'profile' | 'worker-ended';

/** Why a measurement could not be made; printed without a stack. */
export class BenchError extends Error {
  override readonly name = 'BenchError';
  readonly code: BenchErrorCode;
  readonly retryable: boolean;

  constructor(code: BenchErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
    this.retryable = code === 'not-ready' || code === 'worker-ended';
  }
}

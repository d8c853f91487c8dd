export type DemoErrorCode =
  | 'usage'
  | 'recording'
  | 'fleet-too-large'
  | 'no-platform'
  | 'platform'
  | 'mapping'
  | 'busy'
  | 'mqtt'
  | 'log'
  | 'kafka';

/** Something that the user of the demo can put right; printed without a stack. */
export class DemoError extends Error {
  override readonly name = 'DemoError';
  readonly code: DemoErrorCode;
  readonly retryable = false;

  constructor(code: DemoErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

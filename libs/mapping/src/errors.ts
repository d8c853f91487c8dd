/** What can go wrong in the use of a compiled mapping. Codes are stable; match on them. */
export type MappingErrorCode = 'environment-incomplete' | 'cluster-unknown';

/** The caller or its environment must change something; the same call fails the same way again. */
export class MappingError extends Error {
  override readonly name = 'MappingError';
  readonly code: MappingErrorCode;
  readonly retryable = false;

  constructor(code: MappingErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

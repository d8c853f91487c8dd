/** What can be wrong with bytes or names that claim to follow a contract. Codes are stable; match on them. */
export type ContractErrorCode =
  | 'frame-truncated'
  | 'frame-magic'
  | 'frame-version'
  | 'frame-kind'
  | 'frame-length'
  | 'frame-checksum'
  | 'row-invalid'
  | 'properties-invalid'
  | 'position-invalid'
  | 'name-invalid';

/**
 * Bytes or a name break a contract. Never retryable: the same input fails the same way again, so a reader
 * treats what it read as poison and reports it.
 */
export class ContractError extends Error {
  override readonly name = 'ContractError';
  readonly code: ContractErrorCode;
  readonly retryable = false;

  constructor(code: ContractErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

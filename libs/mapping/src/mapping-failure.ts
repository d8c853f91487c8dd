/** Why a route could make no record of a message. Codes are stable; docs/mapping.md lists them. */
export const failureTable = {
  'payload-not-json': 'An expression uses `payload`, and the payload is not JSON.',
  'payload-not-utf8': 'An expression uses `payload` or `payloadText`, and the payload is not UTF-8.',
  'properties-invalid': 'The MQTT 5 properties of the message cannot be read.',
  'expression-failed': 'An expression has no result, for example because a JSON field is missing.',
  'not-representable':
    'The result of an expression cannot be written: null, NaN, or bytes that are not UTF-8.',
  'kafka-topic-not-listed': 'The template gave a Kafka topic that `topics` does not list.',
} as const;

export type FailureCode = keyof typeof failureTable;

/** The code and a sentence that names the place in the mapping. */
export interface Failure {
  readonly code: FailureCode;
  readonly message: string;
}

/** Thrown while one message is mapped, never past the pipeline: there it becomes a dead letter, drop or block. */
export class MappingFailure extends Error implements Failure {
  override readonly name = 'MappingFailure';
  readonly code: FailureCode;

  constructor(code: FailureCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  /** The same with the place in the mapping in front of the message. */
  at(place: string): MappingFailure {
    return new MappingFailure(this.code, `${place}: ${this.message}`, { cause: this.cause });
  }
}

import {
  AuthenticationError,
  NetworkError,
  ProtocolError,
  ResponseError,
  TimeoutError,
  UnsupportedApiError,
} from '@platformatic/kafka';
import { brokerError, KafkaDriverError, KafkaErrorCode } from '../errors.ts';

/** What @platformatic/kafka threw, as this package's error. */
export function fromWire(
  thrown: unknown,
  place: { readonly topic?: string | undefined } = {},
): KafkaDriverError {
  if (thrown instanceof KafkaDriverError) return thrown;
  if (thrown instanceof ResponseError) {
    const first = thrown.errors.find((error) => error instanceof ProtocolError);
    const code: unknown = first?.apiCode;
    if (typeof code === 'number') return brokerError(code, { ...place, cause: thrown });
  }
  const [code, retryable] = classify(thrown);
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return new KafkaDriverError(`Kafka client: ${text}`, { ...place, code, retryable, cause: thrown });
}

function classify(thrown: unknown): [code: string, retryable: boolean] {
  // A network error may hide a failed handshake or login as its cause.
  for (let error = thrown, depth = 0; error instanceof Error && depth < 8; error = error.cause, depth++) {
    if (error instanceof AuthenticationError) return [KafkaErrorCode.authentication, false];
  }
  if (thrown instanceof TimeoutError) return [KafkaErrorCode.requestTimeout, true];
  if (thrown instanceof NetworkError) return [KafkaErrorCode.connection, true];
  if (thrown instanceof UnsupportedApiError) return [KafkaErrorCode.unsupported, false];
  return [KafkaErrorCode.client, false];
}

/** The body of an answer that the library turned into an error because it holds error codes; undefined for other failures. */
export function answerOf(thrown: unknown): unknown {
  return thrown instanceof ResponseError ? thrown['response'] : undefined;
}

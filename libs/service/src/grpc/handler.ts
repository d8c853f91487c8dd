import { Metadata, status } from '@grpc/grpc-js';
import type { ServiceError, handleUnaryCall } from '@grpc/grpc-js';
import type { Log } from '../log.ts';

/** What a call ends with instead of a response. */
export class RpcError extends Error {
  override readonly name = 'RpcError';
  readonly code: status;
  readonly retryable: boolean;

  /** @param code a `status` of @grpc/grpc-js, for instance `status.NOT_FOUND` */
  constructor(code: status, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.retryable = code === status.UNAVAILABLE || code === status.ABORTED;
  }
}

/** Aborted when the caller gives up. */
export interface RpcContext {
  readonly signal: AbortSignal;
}

/**
 * A unary call as an async function. An `RpcError` becomes its status; anything else is a defect: INTERNAL for the
 * caller, the error with its stack in the log.
 */
export function unary<Request, Response>(
  log: Log,
  handler: (request: Request, context: RpcContext) => Promise<Response> | Response,
): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    const cancelled = new AbortController();
    call.on('cancelled', () => cancelled.abort());
    const handle = async (): Promise<Response> => handler(call.request, { signal: cancelled.signal });
    handle().then(
      (response) => callback(null, response),
      (error: unknown) => {
        if (!(error instanceof RpcError)) log.error({ error, rpc: call.getPath() }, 'call failed');
        callback(serviceError(error));
      },
    );
  };
}

function serviceError(error: unknown): ServiceError {
  const code = error instanceof RpcError ? error.code : status.INTERNAL;
  const details = error instanceof RpcError ? error.message : 'internal error, see the log of the service';
  return Object.assign(new Error(details), { code, details, metadata: new Metadata() });
}

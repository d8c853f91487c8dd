import { credentials, status, type ServiceError } from '@grpc/grpc-js';
import { AdminClient } from '@tributary/contracts/admin';
import {
  MappingServiceClient,
  type ApplyRequest,
  type ApplyResponse,
  type GetActiveResponse,
  type HistoryResponse,
} from '@tributary/contracts/control';

const DEADLINE_MS = 30_000;

/** What the demo asks of the control-plane's MappingService. Rejects with a gRPC ServiceError. */
export class ControlClient implements Disposable {
  readonly #client: MappingServiceClient;

  constructor(address: string) {
    this.#client = new MappingServiceClient(address, credentials.createInsecure());
  }

  apply(request: ApplyRequest): Promise<ApplyResponse> {
    return answer((reply) => this.#client.apply(request, reply));
  }

  /** Undefined if no mapping was ever applied. */
  async active(): Promise<GetActiveResponse | undefined> {
    try {
      return await answer<GetActiveResponse>((reply) => this.#client.getActive({}, reply));
    } catch (error) {
      if (hasCode(error, status.NOT_FOUND)) return undefined;
      throw error;
    }
  }

  textOf(version: number): Promise<GetActiveResponse> {
    return answer((reply) => this.#client.getVersion({ version }, reply));
  }

  history(): Promise<HistoryResponse> {
    return answer((reply) => this.#client.history({ limit: 0, before: 0 }, reply));
  }

  /** Resolves when the control-plane answers; rejects after half a minute. */
  reachable(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#client.waitForReady(Date.now() + DEADLINE_MS, (error) => (error ? reject(error) : resolve()));
    });
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}

/** The mapping version that a topic-mapper works with; undefined if it does not answer. */
export async function versionInEffect(address: string): Promise<number | undefined> {
  const client = new AdminClient(address, credentials.createInsecure());
  try {
    const { parts } = await answer<{ parts: Record<string, unknown> | undefined }>((reply) =>
      client.status({}, reply),
    );
    const mapping = parts?.['mapping'];
    const version =
      typeof mapping === 'object' && mapping !== null && 'version' in mapping && mapping.version;
    return typeof version === 'number' ? version : undefined;
  } catch {
    return undefined;
  } finally {
    client.close();
  }
}

export function hasCode(error: unknown, code: status): error is ServiceError {
  return error instanceof Error && 'code' in error && error.code === code;
}

function answer<T>(call: (reply: (error: ServiceError | null, response: T) => void) => unknown): Promise<T> {
  return new Promise((resolve, reject) => {
    call((error, response) => (error ? reject(error) : resolve(response)));
  });
}

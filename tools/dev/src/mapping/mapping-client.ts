import { credentials } from '@grpc/grpc-js';
import { MappingServiceClient, type ApplyRequest, type ApplyResponse } from '@tributary/contracts/control';

/** The control-plane's MappingService at `host:port`. */
export class MappingClient implements Disposable {
  readonly #client: MappingServiceClient;

  constructor(address: string) {
    this.#client = new MappingServiceClient(address, credentials.createInsecure());
  }

  /** Applies a text; waits for the control-plane to be there. Rejects with a gRPC ServiceError. */
  apply(text: string, source: string, timeoutMs: number): Promise<ApplyResponse> {
    const request: ApplyRequest = { text, source, author: 'npm start', comment: '', expectedVersion: 0 };
    return new Promise((resolve, reject) => {
      const deadline = Date.now() + timeoutMs;
      this.#client.waitForReady(deadline, (unreachable) => {
        if (unreachable) return reject(unreachable);
        this.#client.apply(request, (error, response) => (error ? reject(error) : resolve(response)));
      });
    });
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}

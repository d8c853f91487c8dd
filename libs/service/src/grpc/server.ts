import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import { hostPort } from '../address.ts';
import { withDeadline } from '../deadline.ts';
import { ListenError } from '../errors.ts';
import { addReflection } from './reflection.ts';

/** The gRPC port of a service: its services, health (grpc.health.v1) and reflection. */
export class GrpcServer {
  readonly #server = new Server({ 'grpc.max_receive_message_length': 8 * 1024 * 1024 });
  readonly #health: HealthImplementation;
  readonly #names: readonly string[];

  /** @param services full names, `tributary.admin.v1.Admin`; `add` gives them their implementations */
  constructor(services: readonly string[]) {
    this.#names = ['', ...services];
    this.#health = new HealthImplementation(
      Object.fromEntries(this.#names.map((name) => [name, 'NOT_SERVING'])),
    );
    this.#health.addToServer(this.#server);
    addReflection(this.#server, [...services, 'grpc.health.v1.Health']);
  }

  add(definition: ServiceDefinition, implementation: UntypedServiceImplementation): void {
    this.#server.addService(definition, implementation);
  }

  /** @returns `host:port` @throws ListenError */
  async listen(host: string, port: number): Promise<string> {
    const bound = await new Promise<number>((resolve, reject) => {
      this.#server.bindAsync(hostPort(host, port), ServerCredentials.createInsecure(), (error, boundPort) => {
        if (error) reject(new ListenError('gRPC', hostPort(host, port), error));
        else resolve(boundPort);
      });
    });
    return hostPort(host, bound);
  }

  /** What health checks answer from now on, for the server and each service. */
  setServing(serving: boolean): void {
    for (const name of this.#names) this.#health.setStatus(name, serving ? 'SERVING' : 'NOT_SERVING');
  }

  /** Lets running calls end for a while, then cuts them off; watches of health would never end. */
  async close(graceMs: number): Promise<void> {
    const ended = new Promise<void>((resolve) => this.#server.tryShutdown(() => resolve()));
    try {
      await withDeadline(ended, graceMs, 'gRPC calls');
    } catch {
      this.#server.forceShutdown();
    }
  }
}

import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Metrics } from '@tributary/telemetry';
import type { Health } from './health.ts';
import type { Log } from './log.ts';
import type { CommonSettings } from './settings/common.ts';
import type { Config } from './settings/declaration.ts';

/** A service as its main.ts declares it. */
export interface ServiceDeclaration<S extends CommonSettings> {
  /** Kebab-case, the name of its folder. */
  readonly name: string;
  /** The common settings and its own. */
  readonly settings: S;
  /**
   * Full names of the gRPC services it offers besides Admin (`tributary.control.v1.MappingService`), so that health and
   * reflection know them; `addGrpcService` implements them.
   */
  readonly grpc?: readonly string[];
  /**
   * Opens everything and returns once the service works; what runs on is registered by `onStop`. Give up when
   * `service.signal` is aborted.
   */
  start(service: Service<S>): Promise<void>;
}

/** What a service is given to work with. */
export interface Service<S extends CommonSettings = CommonSettings> {
  readonly name: string;
  /** Unique among the processes of this service; letters, digits, `-`, `_`: fit for subjects and keys. */
  readonly instance: string;
  /** Of Tributary: all its packages share one. */
  readonly version: string;
  /** By key: `config['http.port']`. */
  readonly config: Config<S>;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly health: Pick<Health, 'set' | 'warn' | 'remove' | 'ready' | 'state'>;
  /** Aborted when stopping begins, before the first hook. */
  readonly signal: AbortSignal;
  /** What to do when the service stops: last registered, first run; all of it within `service.shutdownSeconds`. */
  onStop(name: string, run: () => Promise<void> | void): void;
  /** Makes an address known: in the log, the endpoints file and the status. */
  endpoint(name: string, address: string): void;
  addGrpcService(definition: ServiceDefinition, implementation: UntypedServiceImplementation): void;
  readonly admin: {
    /** Adds a part to the status; the value becomes JSON each time somebody asks. */
    status(part: string, value: () => unknown): void;
    /** What Drain does: take no new work, hand over what is owned. The process stays. */
    onDrain(run: () => Promise<void> | void): void;
  };
}

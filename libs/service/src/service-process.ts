import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { AdminService } from '@tributary/contracts/admin';
import { Metrics } from '@tributary/telemetry';
import type { DestinationStream } from 'pino';
import { withDeadline } from './deadline.ts';
import { writeEndpointsFile } from './endpoints.ts';
import { adminServer } from './grpc/admin.ts';
import { GrpcServer } from './grpc/server.ts';
import { Health } from './health.ts';
import { listenHttp } from './http-server.ts';
import { createLog } from './log.ts';
import type { Log } from './log.ts';
import type { Service, ServiceDeclaration } from './service.ts';
import type { CommonSettings } from './settings/common.ts';
import type { Config } from './settings/declaration.ts';
import { describeConfig, loadSettings } from './settings/load.ts';
import type { Environment } from './settings/load.ts';
import { StopHooks } from './stop-hooks.ts';
import type { StopOutcome } from './stop-hooks.ts';

export interface ServiceOptions {
  readonly environment?: Environment;
  /** Where log lines go instead of standard output. */
  readonly logDestination?: DestinationStream;
}

/**
 * The life of one service: ports, `start`, work, stop. It touches neither signals nor the exit of the process, so a
 * test can run several of them; `runService` adds those.
 */
export class ServiceProcess<S extends CommonSettings> implements AsyncDisposable {
  readonly log: Log;
  readonly #declaration: ServiceDeclaration<S>;
  readonly #environment: Environment;
  readonly #config: Config<S>;
  readonly #identity: { readonly service: string; readonly instance: string; readonly version: string };
  readonly #started = new Date();
  readonly #metrics: Metrics;
  readonly #health: Health;
  readonly #grpc: GrpcServer;
  readonly #stopping = new AbortController();
  readonly #hooks = new StopHooks();
  readonly #endpoints: Record<string, string> = {};
  readonly #parts: Record<string, () => unknown> = {};
  readonly #drains: (() => Promise<void> | void)[] = [];
  #start: Promise<void> | undefined;
  #drain: Promise<readonly string[]> | undefined;
  #stop: Promise<StopOutcome> | undefined;

  /** @throws SettingsError */
  constructor(declaration: ServiceDeclaration<S>, options: ServiceOptions = {}) {
    this.#declaration = declaration;
    this.#environment = options.environment ?? process.env;
    this.#config = loadSettings(declaration.settings, this.#environment);
    const instance = this.#common('service.instance') ?? newInstanceId();
    this.#identity = { service: declaration.name, instance, version };
    this.log = createLog(this.#identity, this.#common('log.level'), options.logDestination);
    this.#metrics = new Metrics(this.#identity);
    this.#grpc = new GrpcServer(['tributary.admin.v1.Admin', ...(declaration.grpc ?? [])]);
    this.#health = new Health((component) => this.#healthChanged(component));
  }

  /**
   * Listens, runs the declaration's `start`, announces the endpoints. If any of it fails, what was opened is closed.
   * Resolves at once if stopping began meanwhile.
   */
  async start(): Promise<void> {
    this.#start ??= this.#startOnce();
    try {
      await this.#start;
    } catch (error) {
      if (this.#stop) return;
      await this.stop('start failed');
      throw error;
    }
  }

  /** Stops once, however often it is called. Never throws; what fails is in the log. */
  stop(reason: string): Promise<StopOutcome> {
    this.#stop ??= this.#stopOnce(reason);
    return this.#stop;
  }

  /** Aborted when stopping begins. */
  get signal(): AbortSignal {
    return this.#stopping.signal;
  }

  get endpoints(): Readonly<Record<string, string>> {
    return this.#endpoints;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('disposed');
  }

  async #startOnce(): Promise<void> {
    const { settings } = this.#declaration;
    const http = await listenHttp(
      this.#common('http.host'),
      this.#common('http.port'),
      this.#health,
      this.#metrics,
    );
    this.#hooks.add('http', async () => {
      await http[Symbol.asyncDispose]();
    });
    this.#endpoints['http'] = http.address;
    this.#grpc.add(
      AdminService,
      adminServer({
        identity: this.#identity,
        started: this.#started,
        health: this.#health,
        log: this.log,
        endpoints: () => this.#endpoints,
        parts: () => this.#parts,
        drain: () => (this.#drain ??= this.#drainOnce()),
      }),
    );
    this.#endpoints['grpc'] = await this.#grpc.listen(this.#common('grpc.host'), this.#common('grpc.port'));
    this.#hooks.add('grpc', () => this.#grpc.close(500));
    this.log.info(
      { ...this.#endpoints, version, settings: describeConfig(settings, this.#config) },
      'starting',
    );

    await this.#declaration.start(this.#serviceContext());
    if (this.#stop) return;
    this.#health.enter('running');
    this.log.info(this.#endpoints, 'listening');
    const path = this.#environment['TRIBUTARY_ENDPOINTS_FILE'];
    if (path) await writeEndpointsFile(path, { ...this.#identity, pid: process.pid, ...this.#endpoints });
  }

  async #stopOnce(reason: string): Promise<StopOutcome> {
    const began = performance.now();
    const deadline = began + this.#common('service.shutdownSeconds') * 1_000;
    this.log.info({ reason }, 'stopping');
    const wasServing = this.#health.state !== 'starting';
    this.#health.enter('stopping');
    if (wasServing) await sleep(this.#common('service.readinessDelayMs'));
    this.#stopping.abort(new Error(`the service stops: ${reason}`));
    await this.#startSettled((deadline - performance.now()) / 2);
    const outcome = await this.#hooks.run(deadline, this.log);
    await this.#metrics[Symbol.asyncDispose]();
    this.log.info({ outcome, ms: Math.round(performance.now() - began) }, 'stopped');
    return outcome;
  }

  /** What `start` opens late must be registered before the hooks run. */
  async #startSettled(milliseconds: number): Promise<void> {
    try {
      await withDeadline(Promise.allSettled([this.#start]), milliseconds, 'start');
    } catch (error) {
      this.log.warn({ error }, 'stopping in the middle of starting');
    }
  }

  async #drainOnce(): Promise<readonly string[]> {
    if (this.#health.state === 'running') this.#health.enter('draining');
    this.log.info('draining');
    const results = await Promise.allSettled(this.#drains.map(async (run) => run()));
    const errors = results.flatMap((result) => (result.status === 'rejected' ? [String(result.reason)] : []));
    this.log.info({ errors }, 'drained');
    return errors;
  }

  #healthChanged(
    component: { readonly name: string; readonly ok: boolean; readonly reason: string } | undefined,
  ): void {
    this.#grpc.setServing(this.#health.ready);
    if (!component) return;
    const { name, ok, reason } = component;
    if (ok) this.log.info({ component: name }, 'component usable');
    else this.log.warn({ component: name, reason }, 'component not usable');
    const current = (): number | undefined => {
      const found = this.#health.components.find((candidate) => candidate.name === name);
      return found && Number(found.ok);
    };
    this.#metrics.gauge('tributary_component_ok', { component: name }, current);
  }

  #serviceContext(): Service<S> {
    return {
      name: this.#identity.service,
      instance: this.#identity.instance,
      version,
      config: this.#config,
      log: this.log,
      metrics: this.#metrics,
      health: this.#health,
      signal: this.signal,
      onStop: (name, run) => this.#hooks.add(name, run),
      endpoint: (name, address) => {
        this.#endpoints[name] = address;
      },
      addGrpcService: (definition, implementation) => this.#grpc.add(definition, implementation),
      admin: {
        status: (part, value) => {
          this.#parts[part] = value;
        },
        onDrain: (run) => {
          this.#drains.push(run);
        },
      },
    };
  }

  // S extends CommonSettings, yet TypeScript cannot look a key up in Config<S> while S is open.
  #common<K extends keyof CommonSettings>(key: K): Config<CommonSettings>[K] {
    const common: Config<CommonSettings> = this.#config;
    return common[key];
  }
}

/** All packages of Tributary share one version. */
const version = readVersion();

function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest
    ? String(manifest.version)
    : 'unknown';
}

function newInstanceId(): string {
  const host = hostname()
    .replaceAll(/[^A-Za-z0-9_-]/g, '-')
    .slice(0, 48);
  return `${host}-${randomBytes(4).toString('hex')}`;
}

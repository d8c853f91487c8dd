import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ServerProcess, type Exit } from '../process/server-process.ts';
import { TemporaryFolder } from '../process/temporary-folder.ts';
import { WORKSPACE } from '../provision/workspace.ts';

export interface ProcOptions {
  /** Settings by their key, as `nats.servers`; a list is given as an array. */
  settings?: Readonly<Record<string, string | number | boolean | readonly string[]>>;
  /** Further environment, for what is not a setting: `KAFKA_BROKERS`. */
  env?: Readonly<Record<string, string>>;
  /** Options of Node itself, beside those of the service's own start script. */
  nodeArgs?: readonly string[];
  /** The file to run. Default `apps/<name>/src/main.ts`. */
  entry?: string;
  logFile?: string;
  /** What `start` waits for: `/readyz` answering 200 (default), or no more than the endpoints being known. */
  waitFor?: 'ready' | 'endpoints';
  readyTimeoutMs?: number;
  stopTimeoutMs?: number;
}

export type Endpoints = Readonly<Record<string, string>>;

/** One of our services, run from its source as a child process. Disposing of it kills it. */
export class Proc implements AsyncDisposable {
  readonly name: string;
  readonly process: ServerProcess;
  readonly #folder: TemporaryFolder;
  readonly #endpointsFile: string;

  private constructor(name: string, options: ProcOptions) {
    const {
      entry = join(WORKSPACE, 'apps', name, 'src', 'main.ts'),
      nodeArgs = [],
      waitFor = 'ready',
    } = options;
    this.name = name;
    this.#folder = new TemporaryFolder(name);
    this.#endpointsFile = join(this.#folder.path, 'endpoints.json');
    this.process = new ServerProcess({
      name,
      file: process.execPath,
      args: [...startFlags(name), ...nodeArgs, resolve(entry)],
      env: { ...serviceEnvironment(options), TRIBUTARY_ENDPOINTS_FILE: this.#endpointsFile },
      cwd: WORKSPACE,
      logFile: options.logFile ?? join(this.#folder.path, 'log'),
      ready: (signal) => this.#ready(waitFor, signal),
      readyTimeoutMs: options.readyTimeoutMs ?? 30_000,
      stopTimeoutMs: options.stopTimeoutMs ?? 20_000,
    });
  }

  /** Starts `apps/<name>` and waits for it. Ports that the settings leave open are free ones. */
  static async start(name: string, options: ProcOptions = {}): Promise<Proc> {
    const proc = new Proc(name, options);
    try {
      await proc.process.start();
    } catch (error) {
      await proc[Symbol.asyncDispose]();
      throw error;
    }
    return proc;
  }

  get pid(): number {
    return this.process.pid;
  }

  /** Resolves when the process that runs now has ended. */
  get exited(): Promise<Exit> {
    return this.process.exited;
  }

  /** What the running service listens on, by name: `http` and `grpc` as `host:port`, others as URLs. */
  get endpoints(): Endpoints {
    return existsSync(this.#endpointsFile) ? readEndpoints(this.#endpointsFile) : {};
  }

  /** One endpoint by name; an error names those there are. */
  endpoint(name: string): string {
    const { endpoints } = this;
    const value = endpoints[name];
    if (value === undefined)
      throw new Error(`${this.name} has no endpoint ${name}, only ${Object.keys(endpoints).join(', ')}`);
    return value;
  }

  /** GET on the service's health and metrics port: `/readyz`, `/metrics`. */
  async get(path: string, signal?: AbortSignal): Promise<Response> {
    return fetch(`http://${this.endpoint('http')}${path}`, signal ? { signal } : {});
  }

  async stop(): Promise<Exit> {
    return this.process.stop();
  }

  async kill(): Promise<Exit> {
    return this.process.kill();
  }

  pause(): void {
    this.process.pause();
  }

  resume(): void {
    this.process.resume();
  }

  /** Starts it again after `stop` or `kill`, with the same settings. */
  async start(): Promise<void> {
    rmSync(this.#endpointsFile, { force: true });
    await this.process.start();
  }

  async restart(how: 'stop' | 'kill' = 'stop'): Promise<void> {
    await this[how]();
    await this.start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process[Symbol.asyncDispose]();
    this.#folder[Symbol.dispose]();
  }

  async #ready(waitFor: 'ready' | 'endpoints', signal: AbortSignal): Promise<void> {
    let last = 'it has not said what it listens on';
    while (!signal.aborted) {
      if (existsSync(this.#endpointsFile)) {
        if (waitFor === 'endpoints') return;
        try {
          const response = await this.get('/readyz', signal);
          if (response.ok) return;
          last = `/readyz: ${response.status} ${await response.text()}`;
        } catch (error) {
          // The end of our patience says nothing about the service.
          if (!signal.aborted) last = `/readyz: ${error instanceof Error ? error.message : String(error)}`;
        }
      }
      await delay(25);
    }
    throw new Error(last);
  }
}

// What is tested and measured runs as the service says that it is started.
function startFlags(name: string): string[] {
  const file = join(WORKSPACE, 'apps', name, 'package.json');
  if (!existsSync(file)) return [];
  const { scripts } = JSON.parse(readFileSync(file, 'utf8')) as { scripts?: { start?: string } };
  return (scripts?.start ?? '').split(' ').filter((word) => word.startsWith('--'));
}

// Beside its endpoints the file says who wrote it.
const IDENTITY = ['service', 'instance', 'version', 'pid'];

function readEndpoints(file: string): Endpoints {
  const said = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  const endpoints: Record<string, string> = {};
  for (const [name, value] of Object.entries(said)) {
    if (!IDENTITY.includes(name)) endpoints[name] = String(value);
  }
  return endpoints;
}

/** The environment variable of a setting: `log.lingerMs` is TRIBUTARY_LOG_LINGER_MS. */
export function settingVariable(key: string): string {
  const words = key.replace(/([a-z0-9])([A-Z])/g, '$1_$2').replace(/[.-]/g, '_');
  return `TRIBUTARY_${words.toUpperCase()}`;
}

// Our own TRIBUTARY_ variables are not passed on: a service refuses to start with settings it does not know.
function serviceEnvironment(options: ProcOptions): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(TRIBUTARY_|NODE_TEST_|NODE_V8_COVERAGE)/.test(name),
  );
  const settings = { 'http.port': 0, 'grpc.port': 0, ...options.settings };
  const own = Object.entries(settings).map(([key, value]): [string, string] => [
    settingVariable(key),
    String(value),
  ]);
  return { ...Object.fromEntries(inherited), ...Object.fromEntries(own), ...options.env };
}

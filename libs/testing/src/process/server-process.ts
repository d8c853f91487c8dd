import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { TestingError } from '../errors.ts';
import { waitUntilStopped } from './stopped.ts';
import { portIsFree } from '../wait/free-port.ts';
import { guard } from './watchdog.ts';

export interface Launch {
  /** As errors and logs call it. */
  name: string;
  file: string;
  args: readonly string[];
  /** The whole environment of the process. */
  env: NodeJS.ProcessEnv;
  cwd?: string;
  /** Where standard output and error go; appended to. */
  logFile: string;
  /** Ports that it will listen on. Were one taken, `ready` could ask the wrong process. */
  ports?: readonly { host: string; port: number }[];
  /** Set where `file` is the Docker client: signals then go through it. */
  container?: string;
  /** Resolves as soon as the process does its work. Aborted when the process ends or `readyTimeoutMs` has passed. */
  ready: (signal: AbortSignal) => Promise<void>;
  readyTimeoutMs: number;
  /** How long a polite end may take before it becomes SIGKILL. */
  stopTimeoutMs: number;
}

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

interface Running {
  child: ChildProcess;
  exited: Promise<Exit>;
}

/**
 * One child process that can be killed, frozen and started again as it was. It never outlives this process, and it
 * does not keep this process alive either.
 */
export class ServerProcess implements AsyncDisposable {
  readonly launch: Launch;
  #running: Running | undefined;
  #paused = false;

  constructor(launch: Launch) {
    this.launch = launch;
  }

  /** Of the process that runs now, or of the last one. */
  get pid(): number {
    return this.#running?.child.pid ?? 0;
  }

  get running(): boolean {
    const child = this.#running?.child;
    return child !== undefined && child.exitCode === null && child.signalCode === null;
  }

  /** It runs and is not frozen by `pause()`. */
  get working(): boolean {
    return this.running && !this.#paused;
  }

  /** Resolves when the process that runs now has ended. */
  get exited(): Promise<Exit> {
    return this.#running?.exited ?? Promise.resolve({ code: null, signal: null });
  }

  /** Starts the process and resolves when it is ready. Errors: `exited-early`, `not-ready`, with the end of its log; `port-taken`. */
  async start(): Promise<void> {
    if (this.running) return;
    const { name, readyTimeoutMs, ports = [] } = this.launch;
    for (const { host, port } of ports) {
      if (await portIsFree(port, host)) continue;
      throw new TestingError(
        'port-taken',
        `${name} needs port ${port} of ${host}, but another process listens there`,
      );
    }
    const { child, exited } = this.#spawn();
    child.ref();
    const over = new AbortController();
    const early = exited.then((exit) => {
      const how = exit.signal ?? `exit code ${exit.code}`;
      throw new TestingError('exited-early', `${name} ended before it was ready (${how})\n${this.logTail()}`);
    });
    const timer = setTimeout(() => over.abort(), readyTimeoutMs);
    try {
      await Promise.race([this.launch.ready(over.signal), early]);
    } catch (cause) {
      if (cause instanceof TestingError && cause.code === 'exited-early') throw cause;
      const tail = this.logTail();
      child.kill('SIGKILL');
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new TestingError(
        'not-ready',
        `${name} was not ready after ${readyTimeoutMs} ms: ${reason}\n${tail}`,
        { cause },
      );
    } finally {
      clearTimeout(timer);
      early.catch(() => undefined);
      over.abort();
      child.unref();
    }
  }

  /** SIGTERM, and SIGKILL if that does not end it in time. */
  async stop(): Promise<Exit> {
    const running = this.#running;
    if (!running) return { code: null, signal: null };
    running.child.ref();
    this.signal('SIGTERM');
    // Whoever froze it: only a process that runs can end politely.
    this.#paused = false;
    this.signal('SIGCONT');
    const timer = setTimeout(() => this.signal('SIGKILL'), this.launch.stopTimeoutMs);
    try {
      return await running.exited;
    } finally {
      clearTimeout(timer);
    }
  }

  /** SIGKILL. */
  async kill(): Promise<Exit> {
    this.#running?.child.ref();
    this.signal('SIGKILL');
    return this.exited;
  }

  /** SIGSTOP: the process keeps its memory and connections and does nothing, as on a machine that hangs. */
  pause(): void {
    this.signal('SIGSTOP');
    if (this.launch.container === undefined) waitUntilStopped(this.pid);
    this.#paused = true;
  }

  /** SIGCONT. */
  resume(): void {
    if (this.#paused) this.signal('SIGCONT');
    this.#paused = false;
  }

  /** Ends the process, politely or with `how: 'kill'`, and starts it again. */
  async restart(how: 'stop' | 'kill' = 'stop'): Promise<void> {
    await this[how]();
    await this.start();
  }

  signal(signal: NodeJS.Signals): void {
    if (!this.running) return;
    const { container } = this.launch;
    if (container === undefined) this.#running?.child.kill(signal);
    else spawnSync('docker', dockerSignal(signal, container), { stdio: 'ignore' });
  }

  /** The last lines of the log, for error messages. */
  logTail(lines = 25): string {
    if (!existsSync(this.launch.logFile)) return '';
    const text = readFileSync(this.launch.logFile, 'utf8').trimEnd().split('\n');
    return [`--- ${this.launch.logFile}`, ...text.slice(-lines)].join('\n');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  #spawn(): Running {
    const { file, args, env, cwd, logFile, container } = this.launch;
    mkdirSync(dirname(logFile), { recursive: true });
    const log = openSync(logFile, 'a');
    const child = spawn(file, args, {
      stdio: ['ignore', log, log],
      env,
      detached: true,
      ...(cwd && { cwd }),
    });
    closeSync(log);
    const releases = [
      ...(child.pid === undefined ? [] : [guard(`pid:${child.pid}`)]),
      ...(container === undefined ? [] : [guard(`container:${container}`)]),
    ];
    const exited = new Promise<Exit>((resolve) => {
      child.once('error', () => resolve({ code: 127, signal: null }));
      child.once('exit', (code, signal) => resolve({ code, signal }));
    });
    void exited.then(() => releases.forEach((release) => release()));
    child.unref();
    this.#paused = false;
    this.#running = { child, exited };
    return this.#running;
  }
}

function dockerSignal(signal: NodeJS.Signals, container: string): string[] {
  if (signal === 'SIGSTOP') return ['pause', container];
  if (signal === 'SIGCONT') return ['unpause', container];
  return ['kill', '--signal', signal, container];
}

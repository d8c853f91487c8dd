import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { portIsFree, until, type TemporaryFolder } from '@tributary/testing';
import { portsFor } from '../src/platform/ports.ts';
import type { RunDescription } from '../src/platform/run-file.ts';

const START = fileURLToPath(new URL('../src/start.ts', import.meta.url));
const START_MS = 180_000;

/** An offset that puts all main ports where nothing listens now. Below the range of `freePort`. */
export async function freeOffset(): Promise<number> {
  for (;;) {
    const offset = 3000 + Math.floor(Math.random() * 7000);
    const { nats, kafka, ingress, controlPlane } = portsFor(offset, 2);
    const ports = [
      nats,
      kafka,
      controlPlane.http,
      ...ingress.flatMap((node) => [node.mqtt, node.websocket, node.http]),
    ];
    if ((await Promise.all(ports.map((port) => portIsFree(port)))).every(Boolean)) return offset;
  }
}

/** `npm start` without npm, with its data in a temporary folder and what it says on screen. */
export class StartedPlatform implements AsyncDisposable {
  readonly process: ChildProcess;
  readonly #folder: TemporaryFolder;
  #screen = '';
  readonly #exited: Promise<number | null>;

  constructor(folder: TemporaryFolder, args: readonly string[]) {
    this.#folder = folder;
    this.process = spawn(process.execPath, [START, '--data', folder.path, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream?.on('data', (chunk: Buffer) => (this.#screen += chunk.toString()));
    }
    this.#exited = new Promise((resolve) => this.process.once('exit', resolve));
  }

  get screen(): string {
    return this.#screen;
  }

  get run(): RunDescription {
    return JSON.parse(readFileSync(join(this.#folder.path, 'run.json'), 'utf8')) as RunDescription;
  }

  pidOf(name: string): number {
    return this.run.processes.find((process) => process.name === name)?.pid ?? 0;
  }

  /** Resolves when the screen ends with `ready`; rejects if it will not. */
  async ready(): Promise<void> {
    const over = () => this.screen.endsWith('\nready\n') || this.process.exitCode !== null;
    await until(over, { what: 'it is ready', timeoutMs: START_MS, intervalMs: 50 });
    if (this.process.exitCode !== null)
      throw new Error(`it ended with ${this.process.exitCode}:\n${this.screen}`);
  }

  async says(text: string | RegExp): Promise<void> {
    const found = () => (typeof text === 'string' ? this.screen.includes(text) : text.test(this.screen));
    await until(found, { what: `the screen says ${String(text)}`, timeoutMs: 60_000, intervalMs: 50 });
  }

  /** Ctrl-C. Resolves to the exit code. */
  interrupt(): Promise<number | null> {
    this.process.kill('SIGINT');
    return this.#exited;
  }

  /** Resolves to the exit code, whenever it ends. */
  exited(): Promise<number | null> {
    return this.#exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.process.kill('SIGKILL');
    await this.#exited;
  }
}

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { WORKSPACE } from '@tributary/testing';
import { DemoError } from '../errors.ts';
import type { PlatformChoice } from '../options.ts';

const STOP_MS = 90_000;

/** A platform that the demo starts because none runs, as `npm start` would. */
export class OwnPlatform {
  readonly #process: ChildProcess;
  #said: (line: string) => void;

  private constructor(process: ChildProcess, said: (line: string) => void) {
    this.#process = process;
    this.#said = said;
  }

  /**
   * Resolves when it is ready. What it prints goes to `say` until then, and to `heed` afterwards.
   * Errors: `platform`, if it ends before; the reason of the signal, if that aborts.
   */
  static async start(
    choice: PlatformChoice,
    signal: AbortSignal,
    say: (line: string) => void,
  ): Promise<OwnPlatform> {
    const args = [
      ...(choice.data === undefined ? [] : ['--data', choice.data]),
      ...(choice.portOffset === 0 ? [] : ['--port-offset', String(choice.portOffset)]),
    ];
    const child = spawn(process.execPath, [join(WORKSPACE, 'tools', 'dev', 'src', 'start.ts'), ...args], {
      cwd: WORKSPACE,
      // A group of its own: Ctrl-C is for the demo, which stops it in its turn. The channel tells it should we be killed.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const platform = new OwnPlatform(child, say);
    const ready = Promise.withResolvers<void>();
    for (const stream of [child.stdout, child.stderr]) {
      if (!stream) continue;
      createInterface({ input: stream }).on('line', (line) => {
        platform.#said(line);
        if (line === 'ready') ready.resolve();
      });
    }
    child.once('error', (cause) => ready.reject(new DemoError('platform', cause.message, { cause })));
    child.once('exit', () =>
      ready.reject(new DemoError('platform', 'the platform could not be started: see above')),
    );
    const abort = (): void => ready.reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    try {
      signal.throwIfAborted();
      await ready.promise;
    } catch (error) {
      await platform.stop();
      throw error;
    } finally {
      signal.removeEventListener('abort', abort);
    }
    return platform;
  }

  /** Who hears from now on what it prints. */
  heed(said: (line: string) => void): void {
    this.#said = said;
  }

  /** Stops it and all it started. */
  async stop(): Promise<void> {
    const { exitCode, signalCode } = this.#process;
    if (exitCode !== null || signalCode !== null || this.#process.pid === undefined) return;
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGINT');
    // Killed, it leaves the rest to its own watchdog.
    const force = setTimeout(() => this.#process.kill('SIGKILL'), STOP_MS);
    await ended;
    clearTimeout(force);
  }
}

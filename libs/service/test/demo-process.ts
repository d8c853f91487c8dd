import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const path = fileURLToPath(new URL('fixtures/demo-service.ts', import.meta.url));

export type LogLine = Readonly<Record<string, unknown>> & { readonly msg: string; readonly level: string };

/** The demo service as a process of its own, with what it logged so far. */
export class DemoProcess implements AsyncDisposable {
  readonly lines: LogLine[] = [];
  stderr = '';
  readonly #child;
  readonly #exited: Promise<unknown[]>;
  readonly #waiting = new Set<() => void>();

  constructor(environment: Readonly<Record<string, string>> = {}) {
    this.#child = spawn(process.execPath, [path], {
      env: { PATH: process.env['PATH'], ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#exited = once(this.#child, 'close');
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      this.lines.push(JSON.parse(line) as LogLine);
      for (const wake of this.#waiting) wake();
    });
  }

  /** Resolves with the first line of this message. */
  async line(message: string): Promise<LogLine> {
    for (;;) {
      const found = this.lines.find(({ msg }) => msg === message);
      if (found) return found;
      const { promise, resolve } = Promise.withResolvers<boolean>();
      const wake = (): void => resolve(true);
      this.#waiting.add(wake);
      const more = await Promise.race([promise, this.#exited.then(() => false)]);
      this.#waiting.delete(wake);
      if (!more) throw new Error(`exited without "${message}": ${JSON.stringify(this.lines)} ${this.stderr}`);
    }
  }

  signal(name: 'SIGTERM' | 'SIGINT'): void {
    this.#child.kill(name);
  }

  async exitCode(): Promise<number | null> {
    await this.#exited;
    return this.#child.exitCode;
  }

  messages(): string[] {
    return this.lines.map(({ msg }) => msg);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }
}

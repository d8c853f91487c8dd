import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** The folder of `--data`. `--fresh` removes what is ours in it and nothing else, whatever folder it was given. */
export class DataFolder {
  readonly path: string;
  readonly nats: string;
  readonly kafka: string;
  readonly runFile: string;
  readonly lock: string;
  readonly #logs: string;

  constructor(path: string) {
    this.path = path;
    this.nats = join(path, 'nats');
    this.kafka = join(path, 'kafka');
    this.runFile = join(path, 'run.json');
    this.lock = join(path, 'running');
    this.#logs = join(path, 'logs');
  }

  create(): void {
    mkdirSync(this.#logs, { recursive: true });
  }

  clear(): void {
    for (const path of [this.nats, this.kafka, this.#logs, this.runFile])
      rmSync(path, { recursive: true, force: true });
    this.create();
  }

  log(process: string): string {
    return join(this.#logs, `${process}.log`);
  }

  /** Each run begins its logs anew; those of the run before stay as `<name>.previous.log`. */
  turnLogs(): void {
    if (!existsSync(this.#logs)) return;
    for (const name of readdirSync(this.#logs)) {
      if (name.endsWith('.previous.log') || !name.endsWith('.log')) continue;
      renameSync(join(this.#logs, name), join(this.#logs, name.replace(/\.log$/, '.previous.log')));
    }
  }
}

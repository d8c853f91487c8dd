import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import { relative } from 'node:path';
import { DevError } from '../errors.ts';
import { findingLines } from './findings.ts';
import type { MappingClient } from './mapping-client.ts';

const APPLY_MS = 30_000;
const LOOK_MS = 400;

/** The mapping file of a running platform: applied at the start and whenever it changes. */
export class MappingFile implements Disposable {
  readonly #path: string;
  readonly #client: MappingClient;
  readonly #say: (line: string) => void;
  readonly #applied: () => void;
  #text = '';
  #version = 0;
  #work: Promise<void> = Promise.resolve();

  /** `applied` is called when another version is in effect. */
  constructor(path: string, client: MappingClient, say: (line: string) => void, applied: () => void) {
    this.#path = path;
    this.#client = client;
    this.#say = say;
    this.#applied = applied;
  }

  /** The version in effect; 0 if there is none. */
  get version(): number {
    return this.#version;
  }

  /** As the user would name it. */
  get name(): string {
    const path = relative(process.env['INIT_CWD'] ?? process.cwd(), this.#path);
    return path.startsWith('..') ? this.#path : path;
  }

  /** Errors: `mapping-file`, if it cannot be read. A refused text is no error: its findings are on the screen. */
  async applyAtStart(): Promise<void> {
    this.#text = readMapping(this.#path);
    await this.#apply();
  }

  // By polling: an editor that replaces the file, or a network drive, does not escape it.
  watch(): void {
    watchFile(this.#path, { interval: LOOK_MS }, () => {
      this.#work = this.#work.then(() => this.#look());
    });
  }

  [Symbol.dispose](): void {
    unwatchFile(this.#path);
  }

  async #look(): Promise<void> {
    try {
      const text = readMapping(this.#path);
      if (text === this.#text) return;
      this.#text = text;
      await this.#apply();
    } catch (error) {
      this.#say(`${this.name} was not applied: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  async #apply(): Promise<void> {
    const { applied, version, unchanged, findings } = await this.#client.apply(
      this.#text,
      this.name,
      APPLY_MS,
    );
    for (const line of findingLines(this.name, findings)) this.#say(line);
    this.#version = version;
    if (!applied) {
      const now = version === 0 ? 'no mapping is in effect' : `version ${version} stays in effect`;
      this.#say(`${this.name} was refused: ${now} until the file is corrected`);
    } else {
      this.#say(`mapping ${this.name} is in effect as version ${version}${unchanged ? ' (unchanged)' : ''}`);
      this.#applied();
    }
  }
}

/** Errors: `mapping-file`. */
export function readMapping(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DevError('mapping-file', `the mapping file cannot be read: ${reason}`, { cause });
  }
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { MappingVersions } from '@tributary/log';
import type { Health, Log } from '@tributary/service';
import { HaltError } from '../errors.ts';
import type { CompiledVersion } from './compiled-version.ts';
import type { MappingLibrary } from './mapping-library.ts';

export interface ActiveMappingOptions {
  readonly versions: MappingVersions;
  readonly library: MappingLibrary;
  readonly health: Pick<Health, 'set'>;
  readonly log: Log;
  /** Called after `current` has changed. */
  onChange(mapping: CompiledVersion | null): void;
}

const COMPONENT = 'mapping';
const RETRY_MS = 1_000;

/** The mapping in effect, as the config bucket says. One that does not compile here leaves the previous one. */
export class ActiveMapping {
  readonly #options: ActiveMappingOptions;
  #current: CompiledVersion | null = null;
  #wanted = 0;
  #problem = '';
  #wake: (() => void) | null = null;
  readonly #waiters = new Set<() => void>();

  constructor(options: ActiveMappingOptions) {
    this.#options = options;
  }

  /** Null until a mapping has been applied. */
  get current(): CompiledVersion | null {
    return this.#current;
  }

  status(): unknown {
    const version = this.#current?.version ?? 0;
    const waiting = this.#wanted === 0 ? 'no mapping has been applied yet' : undefined;
    return {
      version,
      wanted: this.#wanted,
      clusters: this.#current?.clusters ?? [],
      waiting,
      problem: this.#problem,
    };
  }

  /** Resolves when `current` is no longer `mapping`, or the signal aborts. */
  async changed(mapping: CompiledVersion | null, signal: AbortSignal): Promise<void> {
    while (this.#current === mapping && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const done = (): void => {
          this.#waiters.delete(done);
          signal.removeEventListener('abort', done);
          resolve();
        };
        this.#waiters.add(done);
        signal.addEventListener('abort', done, { once: true });
      });
    }
  }

  /** Follows until the signal aborts. */
  async follow(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#watch(signal), this.#load(signal)]);
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const { versions, log } = this.#options;
    while (!signal.aborted) {
      try {
        await versions.follow(signal, (version) => {
          this.#wanted = version;
          this.#wake?.();
        });
      } catch (error) {
        if (!signal.aborted) log.warn({ error }, 'following the mapping failed, tried again soon');
      }
      await sleep(RETRY_MS, undefined, { signal }).catch(() => {});
    }
    this.#wake?.();
  }

  async #load(signal: AbortSignal): Promise<void> {
    let settled = 0;
    while (!signal.aborted) {
      const wanted = this.#wanted;
      if (wanted === settled) await new Promise<void>((resolve) => (this.#wake = resolve));
      else if (await this.#activate(wanted, signal)) settled = wanted;
      else await sleep(RETRY_MS, undefined, { signal }).catch(() => {});
    }
  }

  /** @returns false if it is worth trying again */
  async #activate(version: number, signal: AbortSignal): Promise<boolean> {
    const { library, log, health, onChange } = this.#options;
    try {
      this.#current = version === 0 ? null : await library.load(version, signal);
    } catch (error) {
      if (signal.aborted) return true;
      this.#problem = error instanceof Error ? error.message : String(error);
      health.set(COMPONENT, false, this.#problem);
      const stays = this.#current?.version ?? 0;
      if (!(error instanceof HaltError)) {
        log.warn({ version, error }, 'mapping cannot be read, tried again soon');
        return false;
      }
      log.error(
        { code: error.code, version, stays, finding: this.#problem },
        'mapping is not usable, the previous one stays',
      );
      return error.code === 'mapping-invalid';
    }
    this.#problem = '';
    health.set(COMPONENT, true);
    log.info({ version, clusters: this.#current?.clusters ?? [] }, 'mapping in effect');
    onChange(this.#current);
    for (const done of [...this.#waiters]) done();
    return true;
  }
}

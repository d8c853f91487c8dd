import { setTimeout as sleep } from 'node:timers/promises';
import type { MappingVersions } from '@tributary/log';
import {
  compileMapping,
  formatFindings,
  Mapping,
  MappingError,
  resolveClusters,
  type EnvironmentVariables,
  type ResolvedCluster,
} from '@tributary/mapping';
import type { Health, Log } from '@tributary/service';

export interface MappingFollowerOptions {
  readonly versions: MappingVersions;
  /** Where `${env:...}` of the mapping is looked up. */
  readonly variables: EnvironmentVariables;
  /** Names of the clusters to serve; empty: all. */
  readonly only: readonly string[];
  readonly health: Pick<Health, 'set' | 'remove'>;
  readonly log: Log;
  readonly signal: AbortSignal;
  apply(clusters: readonly ResolvedCluster[]): Promise<void>;
}

const COMPONENT = 'mapping';
const RETRY_MS = 1_000;

/** Follows the active mapping and says which clusters it has. Until there is one, there is nothing to do. */
export class MappingFollower {
  readonly #options: MappingFollowerOptions;
  #wanted = 0;
  #version = 0;
  #applying: Promise<void> | null = null;

  constructor(options: MappingFollowerOptions) {
    this.#options = options;
  }

  /** Version in effect, 0 for none. */
  get version(): number {
    return this.#version;
  }

  /** Follows until the signal aborts and what was begun is done. */
  async run(): Promise<void> {
    const { versions, signal, log } = this.#options;
    while (!signal.aborted) {
      try {
        await versions.follow(signal, (version) => this.#want(version));
      } catch (error) {
        log.warn({ error }, 'following the mapping failed, tried again soon');
      }
      await sleep(RETRY_MS, undefined, { signal }).catch(() => {});
    }
    await this.#applying;
  }

  #want(version: number): void {
    this.#wanted = version;
    this.#applying ??= this.#catchUp().finally(() => (this.#applying = null));
  }

  async #catchUp(): Promise<void> {
    const { signal, log } = this.#options;
    while (this.#version !== this.#wanted && !signal.aborted) {
      const version = this.#wanted;
      try {
        await this.#activate(version);
        this.#version = version;
      } catch (error) {
        log.error({ version, error }, 'mapping could not be put into effect, tried again soon');
        await sleep(RETRY_MS, undefined, { signal }).catch(() => {});
      }
    }
  }

  async #activate(version: number): Promise<void> {
    const { versions, log, health, apply, signal } = this.#options;
    if (version === 0) return apply([]);
    const record = await versions.find(version, signal);
    if (signal.aborted) return;
    const compiled = record === null ? null : compileMapping(record.text);
    if (!compiled?.ok) {
      // What runs goes on: these clusters are still right for what is in OUT.
      const findings =
        compiled === null
          ? 'it is not in the bucket'
          : formatFindings(compiled.findings, `mapping version ${version}`);
      health.set(COMPONENT, false, `version ${version} of the mapping cannot be used: ${findings}`);
      log.error({ version, findings }, 'mapping cannot be used');
      return;
    }
    health.remove(COMPONENT);
    const clusters = this.#resolve(compiled.mapping);
    log.info({ version, clusters: clusters.map(({ name }) => name) }, 'mapping in effect');
    await apply(clusters);
  }

  /** One by one: what is missing for one cluster must not keep another from being served. */
  #resolve(mapping: Mapping): ResolvedCluster[] {
    const { variables, log, health, only } = this.#options;
    return mapping.clusters.flatMap((declaration) => {
      const component = `cluster.${declaration.name}`;
      if (only.length > 0 && !only.includes(declaration.name)) return [];
      const alone = new Mapping({ ...mapping, clusters: [declaration], defaultCluster: null, tests: [] });
      try {
        const resolved = resolveClusters(alone, variables);
        health.remove(component);
        return resolved;
      } catch (error) {
        if (!(error instanceof MappingError)) throw error;
        log.error({ cluster: declaration.name, finding: error.message }, 'cluster cannot be served');
        health.set(component, false, error.message);
        return [];
      }
    });
  }
}

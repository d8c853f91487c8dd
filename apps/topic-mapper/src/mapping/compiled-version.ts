import { decodePublishProperties } from '@tributary/contracts';
import type { Mapping } from '@tributary/mapping';
import type { ClusterPlan } from '../batch/envelope-mapper.ts';

/** A mapping version, compiled, with one pipeline for each of its clusters that is asked for. */
export class CompiledVersion {
  readonly version: number;
  readonly mapping: Mapping;
  readonly #cacheBytes: number;
  /** Shared by all partitions of a cluster: a pipeline maps one message at a time, and so does this process. */
  readonly #plans = new Map<string, ClusterPlan>();

  constructor(version: number, mapping: Mapping, cacheBytes: number) {
    this.version = version;
    this.mapping = mapping;
    this.#cacheBytes = cacheBytes;
  }

  get clusters(): string[] {
    return this.mapping.clusters.map(({ name }) => name);
  }

  /** Null if the version has no such cluster. */
  plan(cluster: string): ClusterPlan | null {
    const known = this.#plans.get(cluster);
    if (known) return known;
    if (!this.clusters.includes(cluster)) return null;
    const pipeline = this.mapping.pipeline(cluster, {
      cacheBytes: this.#cacheBytes,
      decodeProperties: decodePublishProperties,
    });
    const own = this.mapping.routes.filter((route) => route.cluster === cluster);
    const mayBlock = own.some((route) => route.onError === 'block');
    const routes = new Set(own.map(({ name }) => name));
    const plan: ClusterPlan = { version: this.version, pipeline, routes, mayBlock };
    this.#plans.set(cluster, plan);
    return plan;
  }
}

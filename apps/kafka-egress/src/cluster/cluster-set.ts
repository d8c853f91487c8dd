import { setTimeout as sleep } from 'node:timers/promises';
import type { ResolvedCluster } from '@tributary/mapping';
import { ClusterEgress, type EgressResources } from './cluster-egress.ts';

interface Running {
  cluster: ResolvedCluster;
  /** Which definition this is, so that a new mapping restarts only what it changes. */
  readonly definition: string;
  readonly controller: AbortController;
  readonly finished: Promise<void>;
  egress: ClusterEgress | null;
}

const RETRY_MS = 2_000;

/** The clusters this process serves, each in a life of its own: none waits for another. */
export class ClusterSet implements AsyncDisposable {
  readonly #resources: EgressResources;
  readonly #running = new Map<string, Running>();
  #closed = false;

  constructor(resources: EgressResources) {
    this.#resources = resources;
  }

  /** Starts and stops clusters until these are the ones that run. Not to be called while a call is going on. */
  async apply(clusters: readonly ResolvedCluster[]): Promise<void> {
    const wanted = new Map(clusters.map((cluster) => [cluster.name, cluster]));
    const ending = [...this.#running].filter(([name, { definition }]) => {
      const cluster = wanted.get(name);
      return cluster === undefined || definitionOf(cluster) !== definition;
    });
    await Promise.all(ending.map(([name]) => this.#end(name)));
    if (this.#closed) return;
    for (const cluster of clusters) {
      const running = this.#running.get(cluster.name);
      if (running === undefined) this.#begin(cluster);
      else {
        running.cluster = cluster;
        running.egress?.prepare(cluster);
      }
    }
  }

  status(): unknown {
    return Object.fromEntries(
      [...this.#running].map(([name, { egress }]) => [name, egress?.status() ?? 'opening']),
    );
  }

  /** Hands everything over; nothing is served any more, whatever is applied later. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#running.keys()].map((name) => this.#end(name)));
  }

  #begin(cluster: ResolvedCluster): void {
    const controller = new AbortController();
    const running: Running = {
      cluster,
      definition: definitionOf(cluster),
      controller,
      egress: null,
      finished: Promise.resolve().then(() => this.#run(running)),
    };
    this.#running.set(cluster.name, running);
    this.#resources.log.info({ cluster: cluster.name, brokers: cluster.brokers }, 'cluster is served');
  }

  async #end(name: string): Promise<void> {
    const running = this.#running.get(name);
    if (running === undefined) return;
    running.controller.abort();
    await running.finished;
    this.#running.delete(name);
    this.#resources.log.info({ cluster: name }, 'cluster is no longer served');
  }

  async #run(running: Running): Promise<void> {
    const { health, log, metrics } = this.#resources;
    const { signal } = running.controller;
    const { name } = running.cluster;
    const component = `cluster.${name}`;
    while (!signal.aborted) {
      try {
        await using egress = await ClusterEgress.open(running.cluster, this.#resources);
        running.egress = egress;
        // As the mapping has it now, which may have changed while it was being opened.
        egress.prepare(running.cluster);
        health.remove(component);
        await anyAborted(signal, egress.lost);
        if (egress.lost.aborted) {
          log.warn({ cluster: name, error: egress.lost.reason }, 'lease lost, joins again');
          metrics.counter('tributary_leases_lost_total', { kind: `kafka-egress-${name}` }).add();
        }
      } catch (error) {
        log.error({ cluster: name, error }, 'cluster cannot be served, tried again soon');
        health.set(component, false, error instanceof Error ? error.message : String(error));
        await sleep(RETRY_MS, undefined, { signal }).catch(() => {});
      } finally {
        running.egress = null;
      }
    }
    health.remove(component);
  }
}

/** Which topics its routes name, and whether any is waited for, is nothing to a cluster that runs. */
function definitionOf({ topics: _topics, awaited: _awaited, ...rest }: ResolvedCluster): string {
  return JSON.stringify(rest);
}

function anyAborted(...signals: readonly AbortSignal[]): Promise<void> {
  const any = AbortSignal.any([...signals]);
  if (any.aborted) return Promise.resolve();
  return new Promise((resolve) => any.addEventListener('abort', () => resolve(), { once: true }));
}

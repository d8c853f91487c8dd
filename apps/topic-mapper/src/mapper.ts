import { setTimeout as sleep } from 'node:timers/promises';
import { aborted, Membership, Ownership, type LeaderBucket, type Lease } from '@tributary/log';
import { parseResource, resourceName, type MapperContext } from './partition/partition-context.ts';
import { PartitionWorker } from './partition/partition-worker.ts';

export interface MapperOptions {
  readonly context: MapperContext;
  /** `buckets.leases` */
  readonly leases: LeaderBucket;
  readonly instance: string;
}

const ROLE = 'topic-mapper';
const REJOIN_MS = 1_000;

/** Owns a fair share of all clusters' partitions, one life after another, and maps them. */
export class Mapper {
  readonly #options: MapperOptions;
  readonly #workers = new Map<string, PartitionWorker>();
  #ownership: Ownership | null = null;

  constructor(options: MapperOptions) {
    this.#options = options;
  }

  /** Runs until the signal aborts; then everything owned has been given back. */
  async run(signal: AbortSignal): Promise<void> {
    const { metrics, log } = this.#options.context;
    using _held = metrics.gauge('tributary_leases_held', { kind: ROLE }, () => this.#workers.size);
    const lost = metrics.counter('tributary_leases_lost_total', { kind: ROLE });
    while (!signal.aborted) {
      try {
        const reason = await this.#live(signal);
        if (reason === null) return;
        lost.add();
        log.warn({ error: reason }, 'lease lost, joins again');
      } catch (error) {
        log.warn({ error }, 'cannot join, tried again soon');
        await sleep(REJOIN_MS, undefined, { signal }).catch(() => {});
      }
    }
  }

  /** To be called when another mapping is in effect. */
  remap(): void {
    const { topology, active } = this.#options.context;
    const clusters = active.current?.clusters ?? [];
    const places = clusters.flatMap((cluster) =>
      topology.streams.map((_, partition) => ({ cluster, partition })),
    );
    this.#ownership?.setResources(places.map(resourceName));
  }

  status(): unknown {
    return Object.fromEntries([...this.#workers].map(([resource, { state }]) => [resource, state.status()]));
  }

  /** One life: joined, owning, until the lease is lost (then the reason) or the signal aborts (null). */
  async #live(signal: AbortSignal): Promise<unknown> {
    const { leases, instance, context } = this.#options;
    await using membership = await Membership.join({
      kv: leases,
      role: ROLE,
      instance,
      ttlMs: context.config['lease.ttlMs'],
      onChange: () => this.#ownership?.reconcile(),
    });
    await using ownership = new Ownership({
      membership,
      work: (lease) => this.#work(lease),
      onWorkerError: (resource, error) =>
        context.log.warn({ resource, error }, 'partition failed, tried again soon'),
    });
    this.#ownership = ownership;
    this.remap();
    try {
      await aborted(AbortSignal.any([signal, membership.lost]));
    } finally {
      this.#ownership = null;
    }
    return signal.aborted ? null : membership.lost.reason;
  }

  async #work(lease: Lease): Promise<void> {
    const worker = new PartitionWorker(this.#options.context, parseResource(lease.resource), lease);
    this.#workers.set(lease.resource, worker);
    try {
      await worker.run();
    } finally {
      this.#workers.delete(lease.resource);
    }
  }
}

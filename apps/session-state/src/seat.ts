import { setTimeout as delay } from 'node:timers/promises';
import { aborted, Membership, Ownership, type LeaderBucket, type Lease } from '@tributary/log';
import type { Service } from '@tributary/service';
import type { settings } from './config.ts';

/** The one resource of the role: who owns it routes, all others stand by. */
const RESOURCE = 'routing';
const REJOIN_MS = 500;

/**
 * Takes part in the role until the service stops: works while it owns the resource, stands by while another
 * does, and joins again with a new epoch after losing its lease.
 */
export class Seat {
  readonly #service: Service<typeof settings>;
  readonly #leases: LeaderBucket;
  readonly #work: (lease: Lease) => Promise<void>;
  readonly #running: Promise<void>;
  #routing = false;

  constructor(
    service: Service<typeof settings>,
    leases: LeaderBucket,
    work: (lease: Lease) => Promise<void>,
  ) {
    this.#service = service;
    this.#leases = leases;
    this.#work = work;
    this.#running = this.#run();
  }

  /** True while this process routes, false while it stands by. */
  get routing(): boolean {
    return this.#routing;
  }

  /** Resolves after the service's signal has aborted and everything has been given back. */
  left(): Promise<void> {
    return this.#running;
  }

  async #run(): Promise<void> {
    const { signal, log, health, metrics } = this.#service;
    using _held = metrics.gauge('tributary_leases_held', { kind: 'session-state' }, () =>
      Number(this.#routing),
    );
    while (!signal.aborted) {
      try {
        health.set('role', false, 'joining');
        await this.#takePart();
        if (!signal.aborted) metrics.counter('tributary_leases_lost_total', { kind: 'session-state' }).add(1);
      } catch (error) {
        log.warn({ error }, 'the role could not be joined, trying again');
      }
      if (!signal.aborted) await delay(REJOIN_MS);
    }
  }

  async #takePart(): Promise<void> {
    const { signal, log, health, config, instance } = this.#service;
    let ownership: Ownership | null = null;
    await using membership = await Membership.join({
      kv: this.#leases,
      role: 'session-state',
      instance,
      ttlMs: config['lease.ttlMs'],
      onChange: () => ownership?.reconcile(),
    });
    await using owning = new Ownership({
      membership,
      work: (lease) => this.#whileRouting(lease),
      onWorkerError: (_, error) => log.error({ error }, 'routing ended, it is started again'),
    });
    ownership = owning;
    owning.setResources([RESOURCE]);
    health.set('role', true);
    await aborted(AbortSignal.any([signal, membership.lost]));
    if (!signal.aborted) log.error({ error: membership.lost.reason as unknown }, 'lease lost, joining again');
  }

  async #whileRouting(lease: Lease): Promise<void> {
    this.#routing = true;
    try {
      await this.#work(lease);
    } finally {
      this.#routing = false;
    }
  }
}

import { ownerKey, type Member } from './member-view.ts';
import type { Membership } from './membership.ts';
import { rendezvous } from './rendezvous.ts';

/** The right to work on one resource (a partition, a cluster's partition, a shard). */
export interface Lease {
  resource: string;
  /** Revision of the ownership record: grows with every change of owner. Sinks drop lower ones. */
  epoch: number;
  /** Aborts when the resource must be let go of: handed over, taken by another, or the process lost its lease. */
  signal: AbortSignal;
}

export interface OwnershipOptions {
  membership: Membership;
  /** Does the work of one resource until `lease.signal` aborts, then resolves. May be called again later. */
  work(lease: Lease): Promise<void>;
  /** A worker ended by itself with an error; it is started again after a pause. */
  onWorkerError(resource: string, error: unknown): void;
}

interface Holding {
  epoch: number;
  controller: AbortController;
  finished: Promise<void>;
}

/** Pause before a resource whose worker failed is tried again, in ms. */
const RETRY_PAUSE_MS = 1_000;

/**
 * Keeps this process the owner of its fair share of resources. Rendezvous hashing over the live members says
 * who should own what; a compare-and-set on the ownership record says who does.
 */
export class Ownership implements AsyncDisposable {
  readonly #options: OwnershipOptions;
  readonly #held = new Map<string, Holding>();
  readonly #resting = new Map<string, number>();
  #resources: ReadonlySet<string> = new Set();
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<void> | null = null;
  #again = false;
  #stopped = false;

  constructor(options: OwnershipOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.reconcile(), 500);
    options.membership.lost.addEventListener('abort', () => this.reconcile(), { once: true });
  }

  /** Which resources exist. Those that are gone are let go of. */
  setResources(resources: Iterable<string>): void {
    this.#resources = new Set(resources);
    this.reconcile();
  }

  /** Resources owned at the moment. */
  owned(): Lease[] {
    return [...this.#held].map(([resource, { epoch, controller }]) => ({
      resource,
      epoch,
      signal: controller.signal,
    }));
  }

  /** Looks again at who should own what; call it when members or records have changed. */
  reconcile(): void {
    if (this.#running) {
      this.#again = true;
      return;
    }
    this.#running = this.#reconcile().finally(() => {
      this.#running = null;
      if (this.#again && !this.#stopped) {
        this.#again = false;
        this.reconcile();
      }
    });
  }

  /** Stops all workers, waits for them, and gives everything back. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    if (this.#timer) clearInterval(this.#timer);
    await this.#running;
    await Promise.all([...this.#held.keys()].map((resource) => this.#letGo(resource)));
  }

  async #reconcile(): Promise<void> {
    const { membership } = this.#options;
    const live = membership.lost.aborted || this.#stopped ? [] : membership.live();
    const names = live.map(({ instance }) => instance);
    for (const [resource, holding] of this.#held) {
      const deposed = membership.owner(resource).revision > holding.epoch;
      if (
        deposed ||
        !this.#resources.has(resource) ||
        rendezvous(resource, names) !== membership.self.instance
      ) {
        await this.#letGo(resource);
      }
    }
    if (live.length === 0) return;
    for (const resource of this.#resources) {
      const mine = rendezvous(resource, names) === membership.self.instance;
      if (!mine) await this.#giveBack(resource);
      const resting = (this.#resting.get(resource) ?? 0) > performance.now();
      if (mine && !resting && !this.#held.has(resource)) await this.#take(resource);
    }
  }

  async #take(resource: string): Promise<void> {
    const { membership } = this.#options;
    const { revision, owner } = membership.owner(resource);
    if (owner !== null && !isSelf(owner, membership.self) && membership.isLive(owner)) return;
    const key = ownerKey(membership.role, resource);
    const record = JSON.stringify(membership.self);
    let epoch: number;
    try {
      epoch = await membership.kv.put(key, record, { previousSeq: revision });
    } catch {
      return; // Somebody else was faster, or the bucket is away: the next round sees.
    }
    if (membership.lost.aborted || this.#stopped) return;
    const controller = new AbortController();
    const finished = this.#run({ resource, epoch, signal: controller.signal });
    this.#held.set(resource, { epoch, controller, finished });
  }

  async #run(lease: Lease): Promise<void> {
    const { work, onWorkerError } = this.#options;
    try {
      await work(lease);
    } catch (error) {
      if (!lease.signal.aborted) onWorkerError(lease.resource, error);
    }
    if (lease.signal.aborted) return;
    // It ended by itself: rest, then start anew with a new epoch.
    this.#resting.set(lease.resource, performance.now() + RETRY_PAUSE_MS);
    this.#held.delete(lease.resource);
  }

  async #letGo(resource: string): Promise<void> {
    const holding = this.#held.get(resource);
    if (!holding) return;
    holding.controller.abort();
    await holding.finished;
    this.#held.delete(resource);
    const { membership } = this.#options;
    if (membership.lost.aborted) return;
    await this.#delete(resource, holding.epoch);
  }

  /** A record that still says we own what we do not hold keeps everybody off: its deletion, or its taking, was not answered. */
  async #giveBack(resource: string): Promise<void> {
    const { membership } = this.#options;
    const { owner, revision } = membership.owner(resource);
    if (owner === null || !isSelf(owner, membership.self) || this.#held.has(resource)) return;
    await this.#delete(resource, revision);
  }

  async #delete(resource: string, epoch: number): Promise<void> {
    const { membership } = this.#options;
    const key = ownerKey(membership.role, resource);
    // If it was taken from us the revision differs, and the record stays as it is.
    await membership.kv.delete(key, { previousSeq: epoch }).catch(() => {});
  }
}

function isSelf(owner: Member, self: Member): boolean {
  return owner.instance === self.instance && owner.epoch === self.epoch;
}

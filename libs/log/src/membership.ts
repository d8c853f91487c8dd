import { ApiCode, isApiError } from './api-codes.ts';
import type { LeaderBucket } from './buckets.ts';
import { LogError } from './errors.ts';
import { MemberView, memberKey, type Member, type MemberRecord, type OwnershipEntry } from './member-view.ts';

export interface MembershipOptions {
  /** `buckets.leases` */
  kv: LeaderBucket;
  role: string;
  /** Unique among the running members of the role; a restarted process may use its old name again. */
  instance: string;
  /** A member that has not renewed for this long is gone, in ms. Renewal happens at a third of it. */
  ttlMs: number;
  /** Called whenever members or ownership records may have changed. */
  onChange?(): void;
}

/** Pause after a renewal that failed, in ms. */
const RETRY_MS = 50;

/**
 * Membership in a role by a lease in a key-value bucket. Nobody's wall clock counts: the holder measures on its
 * own monotonic clock since the last renewal that succeeded, and observers since they last saw a change. The
 * lease is for liveness only; what an owner writes is guarded at the sink.
 */
export class Membership implements AsyncDisposable {
  readonly self: Member;
  readonly #options: MembershipOptions;
  readonly #key: string;
  readonly #lost = new AbortController();
  #view: MemberView | null = null;
  #revision: number;
  #renewedAtMs: number;
  /** Begin of the oldest renewal since the last one that succeeded, on the monotonic clock, in ms. */
  #unansweredSinceMs: number | null = null;
  #timer: NodeJS.Timeout | null = null;
  #expiry: NodeJS.Timeout | null = null;
  #closed = false;
  /** Resolves when the watch has shown our own key, which is younger than all that was there before us. */
  readonly #caughtUp = Promise.withResolvers<void>();

  private constructor(options: MembershipOptions, epoch: number, startedAtMs: number) {
    this.self = { instance: options.instance, epoch };
    this.#options = options;
    this.#key = memberKey(options.role, options.instance);
    this.#revision = epoch;
    this.#renewedAtMs = startedAtMs;
  }

  /**
   * Joins the role; a former life under the same instance name is superseded at once. Resolves when all other members
   * are known: who is missing from `live` then is gone.
   */
  static async join(options: MembershipOptions): Promise<Membership> {
    const { kv, role, instance, ttlMs, onChange } = options;
    const startedAtMs = performance.now();
    const record: MemberRecord = { epoch: 0 };
    const epoch = await kv.put(memberKey(role, instance), JSON.stringify(record));
    const membership = new Membership(options, epoch, startedAtMs);
    membership.#view = await MemberView.open({
      kv,
      role,
      ttlMs,
      ...(onChange ? { onChange } : {}),
      onMember: (name, seen, revision) => membership.#see(name, seen, revision),
    });
    membership.#armExpiry();
    membership.#lost.signal.addEventListener('abort', () => membership.#caughtUp.resolve(), { once: true });
    await membership.#caughtUp.promise;
    await membership.#renew();
    return membership;
  }

  get role(): string {
    return this.#options.role;
  }

  get kv(): LeaderBucket {
    return this.#options.kv;
  }

  /** Aborts when the lease is gone: taken by another life of this instance, deleted, or not renewed in time. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Everybody alive in the role, this process included while its lease holds. */
  live(): Member[] {
    const others = (this.#view?.live() ?? []).filter(({ instance }) => instance !== this.self.instance);
    const holds = !this.#lost.signal.aborted && !this.#closed;
    return holds ? [...others, this.self] : others;
  }

  isLive(member: Member): boolean {
    return this.live().some(({ instance, epoch }) => instance === member.instance && epoch === member.epoch);
  }

  /** What the bucket last said about the owner of a resource. */
  owner(resource: string): OwnershipEntry {
    return this.#view?.owner(resource) ?? { revision: 0, owner: null };
  }

  /** Leaves the role so that others need not wait for the lease to end. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#stop();
    if (this.#lost.signal.aborted) return;
    // If this fails the lease simply runs out.
    await this.#options.kv.delete(this.#key, { previousSeq: this.#revision }).catch(() => {});
  }

  /** One renewal at a time, a third of the time to live apart; after a failed one the next begins soon. */
  async #renew(): Promise<void> {
    if (this.#closed || this.#lost.signal.aborted) return;
    const startedAtMs = performance.now();
    this.#unansweredSinceMs ??= startedAtMs;
    const record: MemberRecord = { epoch: this.self.epoch };
    const { kv, ttlMs } = this.#options;
    let pauseMs = RETRY_MS;
    try {
      const options = { previousSeq: this.#revision, timeout: ttlMs / 3 };
      this.#renewed(await kv.put(this.#key, JSON.stringify(record), options), startedAtMs);
      pauseMs = Math.max(startedAtMs + ttlMs / 3 - performance.now(), 0);
    } catch (error) {
      // The record tells whether somebody superseded us or only an answer was lost; the expiry settles the rest.
      if (isApiError(error, ApiCode.wrongLastSequence)) await this.#readBack();
    }
    if (this.#closed || this.#lost.signal.aborted) return;
    this.#timer = setTimeout(() => void this.#renew(), pauseMs);
  }

  /** The watch will show the record too, but an election may keep it from that for longer than a lease lasts. */
  async #readBack(): Promise<void> {
    const entry = await this.#options.kv.get(this.#key).catch(() => null);
    if (entry === null) return;
    const epoch = entry.operation === 'PUT' ? entry.json<MemberRecord>().epoch || entry.revision : null;
    this.#see(this.self.instance, epoch, entry.revision);
  }

  #renewed(revision: number, startedAtMs: number): void {
    if (this.#closed || this.#lost.signal.aborted) return;
    this.#revision = Math.max(this.#revision, revision);
    this.#renewedAtMs = Math.max(this.#renewedAtMs, startedAtMs);
    this.#unansweredSinceMs = null;
    this.#armExpiry();
  }

  /** The holder gives up a sixth earlier than observers do: it must have stopped before they go on. */
  #armExpiry(): void {
    if (this.#expiry) clearTimeout(this.#expiry);
    const remaining = this.#renewedAtMs + (this.#options.ttlMs * 5) / 6 - performance.now();
    this.#expiry = setTimeout(() => this.#lose('it could not be renewed in time'), Math.max(remaining, 0));
  }

  #see(instance: string, epoch: number | null, revision: number): void {
    if (instance !== this.self.instance) return;
    if (revision >= this.self.epoch) this.#caughtUp.resolve();
    if (revision <= this.#revision) return;
    if (epoch === null) this.#lose('it was deleted');
    else if (epoch !== this.self.epoch) this.#lose('another process joined under the same instance name');
    // Our own renewal whose answer was lost or is still on its way. It began no earlier than the oldest unanswered one.
    else this.#renewed(revision, this.#unansweredSinceMs ?? this.#renewedAtMs);
  }

  #lose(why: string): void {
    if (this.#closed || this.#lost.signal.aborted) return;
    this.#lost.abort(new LogError('lease-lost', `lease ${this.#key} is lost: ${why}`));
    void this.#stop();
    this.#options.onChange?.();
  }

  async #stop(): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer);
    if (this.#expiry) clearTimeout(this.#expiry);
    await this.#view?.[Symbol.asyncDispose]();
  }
}

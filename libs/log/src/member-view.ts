import type { KV, KvWatchEntry } from '@nats-io/kv';
import type { BucketWatch } from './bucket-watch.ts';
import type { LeaderBucket } from './buckets.ts';

/** A process that takes part in a role, as seen in the lease bucket. */
export interface Member {
  instance: string;
  /** Revision of the key when it joined: tells two lives of one instance apart, and grows. */
  epoch: number;
}

/** Value of a member's key. */
export interface MemberRecord {
  /** Epoch this life goes by; 0 in the very first write, whose revision becomes the epoch. */
  epoch: number;
}

/** An ownership record of the role, as last seen. */
export interface OwnershipEntry {
  /** 0 if there never was a record. */
  revision: number;
  owner: Member | null;
}

export interface MemberViewOptions {
  /** `buckets.leases` */
  kv: LeaderBucket;
  role: string;
  /** A member whose key was watched this long without a change is gone, in ms, on our own monotonic clock. */
  ttlMs: number;
  /** Called when a member or an ownership record has changed. A lease that runs out changes nothing: look at `live` now and then. */
  onChange?(): void;
  onMember?(instance: string, epoch: number | null, revision: number): void;
}

interface Sighting {
  member: Member;
  /** When the key was last seen to change, on the clock of the watch, in ms. */
  atMs: number;
}

/** Who is alive in a role and who owns what, followed by a watch of the lease bucket. */
export class MemberView implements AsyncDisposable {
  readonly #options: MemberViewOptions;
  readonly #members = new Map<string, Sighting>();
  readonly #owners = new Map<string, OwnershipEntry>();
  readonly #watch: BucketWatch;

  private constructor(options: MemberViewOptions, watch: BucketWatch) {
    this.#options = options;
    this.#watch = watch;
  }

  static async open(options: MemberViewOptions): Promise<MemberView> {
    const { kv, role } = options;
    const watch = await kv.watch({ key: [memberKey(role, '*'), ownerKey(role, '*')] });
    const view = new MemberView(options, watch);
    void view.#follow();
    return view;
  }

  /** Members whose lease holds, by instance name. */
  live(): Member[] {
    const now = this.#watch.sightMs;
    return [...this.#members.values()]
      .filter(({ atMs }) => now - atMs < this.#options.ttlMs)
      .map(({ member }) => member)
      .sort((a, b) => (a.instance < b.instance ? -1 : 1));
  }

  isLive({ instance, epoch }: Member): boolean {
    const sighting = this.#members.get(instance);
    if (!sighting || sighting.member.epoch !== epoch) return false;
    return this.#watch.sightMs - sighting.atMs < this.#options.ttlMs;
  }

  /** What the bucket last said about the owner of a resource. */
  owner(resource: string): OwnershipEntry {
    return this.#owners.get(resource) ?? { revision: 0, owner: null };
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#watch.stop();
    return Promise.resolve();
  }

  async #follow(): Promise<void> {
    const members = memberKey(this.#options.role, '');
    const owners = ownerKey(this.#options.role, '');
    for await (const entry of this.#watch) {
      if (entry.key.startsWith(members)) this.#seeMember(entry.key.slice(members.length), entry);
      else this.#seeOwner(entry.key.slice(owners.length), entry);
      this.#options.onChange?.();
    }
  }

  #seeMember(instance: string, entry: KvWatchEntry): void {
    if (entry.operation === 'PUT') {
      const epoch = entry.json<MemberRecord>().epoch || entry.revision;
      this.#members.set(instance, { member: { instance, epoch }, atMs: this.#watch.sightMs });
      this.#options.onMember?.(instance, epoch, entry.revision);
    } else {
      this.#members.delete(instance);
      this.#options.onMember?.(instance, null, entry.revision);
    }
  }

  #seeOwner(resource: string, entry: KvWatchEntry): void {
    const owner = entry.operation === 'PUT' ? entry.json<Member>() : null;
    this.#owners.set(resource, { revision: entry.revision, owner });
  }
}

/**
 * Takes a member's lease away, which makes it stop what it does. Nothing happens if the member is gone, or has
 * begun another life since.
 */
export async function evictMember(kv: KV, role: string, member: Member): Promise<void> {
  const key = memberKey(role, member.instance);
  const entry = await kv.get(key);
  if (!entry || entry.operation !== 'PUT') return;
  if ((entry.json<MemberRecord>().epoch || entry.revision) !== member.epoch) return;
  await kv.delete(key, { previousSeq: entry.revision });
}

export function memberKey(role: string, instance: string): string {
  return `member.${role}.${instance}`;
}

export function ownerKey(role: string, resource: string): string {
  return `owner.${role}.${resource}`;
}

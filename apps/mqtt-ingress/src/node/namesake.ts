import { setTimeout as delay } from 'node:timers/promises';
import type { KV } from '@nats-io/kv';
import { memberKey, type MemberRecord } from '@tributary/log';
import type { Log } from '@tributary/service';

/**
 * Waits until no other process holds the lease of this instance name, after ours was lost. Whoever starts takes the
 * name from who had it; if the loser took it back at once, two processes of one name would close each other's devices
 * for ever.
 * @param ownEpoch of the lease that was lost: its remains do not count
 */
export async function namesakeGone(
  leases: KV,
  self: { role: string; instance: string; ownEpoch: number; ttlMs: number },
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  const { role, instance, ownEpoch, ttlMs } = self;
  let seen = 0;
  while (!signal.aborted) {
    const entry = await leases.get(memberKey(role, instance));
    if (entry === null || entry.operation !== 'PUT') return;
    const epoch = entry.json<MemberRecord>().epoch || entry.revision;
    // A lease that was not renewed for its time to live is nobody's.
    if (epoch === ownEpoch || entry.revision === seen) return;
    if (seen === 0)
      log.error({ instance, epoch }, 'another process runs under the same instance name, waiting');
    seen = entry.revision;
    await delay(ttlMs, undefined, { signal }).catch(() => {});
  }
}

import { jetstream } from '@nats-io/jetstream';
import { buckets } from '@tributary/contracts';
import { connectNats, evictMember, MemberView, openBucket, type LeaderBucket } from '@tributary/log';
import { until } from '@tributary/testing';
import type { Fault } from '../fault.ts';
import type { Scene } from '../scene.ts';
import { DELIVERIES } from '../platform/deliveries.ts';
import { metricsOf } from '../platform/metrics.ts';
import { holder } from './freeze.ts';

const SERVICES = ['session-state', 'topic-mapper', 'kafka-egress'] as const;
/** Longer than a successor needs to begin. */
const BOTH_MS = 1_500;

/**
 * An owner is evicted while it hears nothing from NATS and still reaches it: it works on beside its successor until its lease
 * runs out on its own clock.
 */
export const twoOwners: readonly Fault[] = SERVICES.map((service): Fault => ({
  name: `two-owners-${service}`,
  title: `a ${service} evicted without knowing: two owners at once`,
  profile: 'single',
  repeats: service === 'kafka-egress',
  mixes: true,
  inject: (scene) => evict(scene, service),
}));

async function evict(scene: Scene, service: (typeof SERVICES)[number]): Promise<string[]> {
  const { services, links, servers } = scene.platform;
  const name = await holder(scene, services.of(service));
  const nats = await connectNats({ servers: servers.nats.map(({ url }) => url), name: 'faults' });
  try {
    const kv = await openBucket(jetstream(nats), buckets.leases, { replicas: servers.replicas });
    const roles =
      service === 'kafka-egress' ? DELIVERIES.map((cluster) => `${service}-${cluster}`) : [service];
    const others = services.of(service).filter((other) => other !== name);
    const before = await held(scene, others);
    const proxy = links.end(`${service}–nats`, name);
    await scene.strike(async () => {
      proxy.holdAnswers();
      for (const role of roles) await evictNow(kv, role, name);
    });
    const gained = await until(async () => (await held(scene, others)) - before, {
      timeoutMs: 10_000,
      what: `another ${service} has taken over`,
    });
    const still = await held(scene, [name]);
    await scene.pause(BOTH_MS);
    proxy.pass();
    if (still === 0) throw new Error(`${name} no longer took itself for the owner: there were not two`);
    return [`${name} held ${still} while another ${service} had taken over ${gained} of its leases`];
  } finally {
    await nats.close();
  }
}

async function evictNow(kv: LeaderBucket, role: string, instance: string): Promise<void> {
  await using view = await MemberView.open({ kv, role, ttlMs: 60_000 });
  const member = await until(() => view.live().find((one) => one.instance === instance), {
    what: `${instance} is known`,
  });
  await evictMember(kv, role, member);
}

async function held(scene: Scene, names: readonly string[]): Promise<number> {
  const counts = await Promise.all(names.map((name) => metricsOf(scene.platform.services.get(name))));
  return counts.reduce((sum, count) => sum + (count?.get('tributary_leases_held') ?? 0), 0);
}

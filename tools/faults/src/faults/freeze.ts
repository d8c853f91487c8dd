import { LEASE_MS, until, type Proc } from '@tributary/testing';
import type { Fault } from '../fault.ts';
import { metricsOf } from '../platform/metrics.ts';
import type { Scene } from '../scene.ts';
import { LEASED, partsOf } from './parts.ts';

const FROZEN_MS = LEASE_MS * 1.5;
const HUNG_MS = 6_000;

/** SIGSTOP for longer than the lease, then SIGCONT: the old owner wakes while a new one works. */
const owners: readonly Fault[] = LEASED.map((service): Fault => ({
  name: `freeze-${service}`,
  title: `a ${service} stopped (SIGSTOP) for longer than its lease, woken beside its successor`,
  profile: 'single',
  repeats: service === 'kafka-egress',
  inSubset: service === 'kafka-egress',
  mixes: true,
  inject: (scene) => freezeOwner(scene, service),
}));

/** A server that hangs: it keeps its connections and answers nobody. */
const servers: readonly Fault[] = (['nats', 'kafka'] as const).map((server): Fault => ({
  name: `hang-${server}`,
  title: `${server} stopped (SIGSTOP) for ${HUNG_MS / 1_000} s, its connections open`,
  profile: 'single',
  repeats: true,
  mixes: true,
  inject: async (scene) => {
    const parts = partsOf(scene.platform, server);
    const acknowledged = await scene.strike(() => {
      for (const part of parts) part.pause();
      return scene.fleet.acknowledged;
    });
    await scene.pause(HUNG_MS);
    const meanwhile = scene.fleet.acknowledged - acknowledged;
    for (const part of parts) part.resume();
    if (server === 'nats' && meanwhile > scene.fleet.devices.length)
      throw new Error(`${meanwhile} messages were acknowledged by a log that hung`);
    return [`stood still for ${HUNG_MS / 1_000} s, ${meanwhile} messages acknowledged meanwhile`];
  },
}));

export const freezes: readonly Fault[] = [...owners, ...servers];

async function freezeOwner(scene: Scene, service: (typeof LEASED)[number]): Promise<string[]> {
  const { services } = scene.platform;
  // Every ingress node has a lease of its own.
  const names = services.of(service);
  const name = service === 'mqtt-ingress' ? scene.random.pick(names) : await holder(scene, names);
  const owner = services.get(name);
  const lost = await leasesLost(owner);
  await scene.strike(() => owner.pause());
  await scene.pause(FROZEN_MS);
  owner.resume();
  const count = await until(async () => (await leasesLost(owner)) - lost, {
    what: `${name} notices that it was deposed`,
  });
  return [
    `${name} stood still for ${FROZEN_MS / 1_000} s and had lost ${count} ${count === 1 ? 'lease' : 'leases'} when it woke`,
  ];
}

/** One of these that holds leases now, by the seed's choice. */
export function holder(scene: Scene, names: readonly string[]): Promise<string> {
  const order = scene.random.shuffled(names);
  const found = async (): Promise<string | undefined> => {
    for (const name of order) {
      const counts = await metricsOf(scene.platform.services.get(name));
      if ((counts?.get('tributary_leases_held') ?? 0) > 0) return name;
    }
    return undefined;
  };
  return until(found, { what: `one of ${names.join(', ')} holds a lease` });
}

export async function leasesLost(proc: Proc): Promise<number> {
  return (await metricsOf(proc))?.get('tributary_leases_lost_total') ?? 0;
}

import type { Fault } from '../fault.ts';
import type { Scene } from '../scene.ts';
import { ids, partsOf, SERVICES, type PartName } from './parts.ts';

/** Where a killed part may leave records that are sent again. */
const REPEATS: readonly PartName[] = ['kafka-egress', 'nats', 'kafka'];

/** kill -9, and a start from what is on disk a little later. */
export const killings: readonly Fault[] = [...SERVICES, 'nats' as const, 'kafka' as const].map(
  (part): Fault => ({
    name: `kill-${part}`,
    title: `kill -9 of ${part === 'mqtt-ingress' ? 'one mqtt-ingress' : `every ${part}`}, started again`,
    profile: 'single',
    repeats: REPEATS.includes(part),
    inSubset: true,
    mixes: true,
    inject: (scene) => kill(scene, part),
  }),
);

async function kill(scene: Scene, name: PartName): Promise<string[]> {
  const all = partsOf(scene.platform, name);
  // Devices go on at the other node, which is what several are for.
  const victims = name === 'mqtt-ingress' ? [scene.random.pick(all)] : all;
  const before = victims.map(({ pid }) => pid);
  const acknowledged = await scene.strike(async () => {
    await Promise.all(victims.map((victim) => victim.kill()));
    return scene.fleet.acknowledged;
  });
  await scene.pause(scene.random.between(800, 1_600));
  const meanwhile = scene.fleet.acknowledged - acknowledged;
  await Promise.all(victims.map((victim) => victim.start()));
  return [`process ${ids(before, victims)}, ${meanwhile} messages acknowledged while it was away`];
}

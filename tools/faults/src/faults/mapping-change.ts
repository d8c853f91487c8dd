import { until } from '@tributary/testing';
import type { Fault } from '../fault.ts';
import { metricsOf } from '../platform/metrics.ts';
import type { Scene } from '../scene.ts';

const CHANGES = 5;

/** Another version of the mapping while envelopes are under way. */
export const mappingChange: Fault = {
  name: 'mapping-change',
  title: `${CHANGES} versions of the mapping applied in the middle of the flow`,
  profile: 'single',
  repeats: false,
  mixes: true,
  inject: async (scene) => {
    const versions: number[] = [];
    for (let n = 0; n < CHANGES; n++) {
      const version = await scene.strike(() => scene.platform.remap());
      await inEffect(scene, version);
      versions.push(version);
    }
    return [`versions ${versions.join(', ')} in effect one after the other`];
  },
};

/** Resolves when every partition that a mapper works on has this version. */
export async function inEffect({ platform: { services } }: Scene, version: number): Promise<void> {
  const lowest = async (name: string): Promise<number> =>
    (await metricsOf(services.get(name)))?.get('tributary_mapper_mapping_version') ?? 0;
  const everywhere = async (): Promise<boolean> => {
    // Sums over partitions, of which each mapper has some: a version more for each.
    const counts = await Promise.all(services.of('topic-mapper').map(lowest));
    const partitions = await Promise.all(
      services
        .of('topic-mapper')
        .map(async (name) => (await metricsOf(services.get(name)))?.get('tributary_leases_held') ?? 0),
    );
    return counts.every((sum, n) => sum === version * (partitions[n] ?? 0)) && counts.some((sum) => sum > 0);
  };
  await until(everywhere, { what: `mapping version ${version} is in effect`, timeoutMs: 20_000 });
}

import { freePort, until } from '@tributary/testing';
import type { Fault } from '../fault.ts';
import { metricsOf } from '../platform/metrics.ts';
import type { Scene } from '../scene.ts';
import { inEffect } from './mapping-change.ts';

/** What piles up for it before it goes, in messages of OUT. */
const BACKLOG = 20;

/** A cluster of the mapping that nobody answers for, taken out of the mapping with all that waits for it. */
export const removedCluster: Fault = {
  name: 'removed-cluster',
  title: 'a further Kafka cluster removed from the mapping while it is away',
  profile: 'single',
  repeats: false,
  inject: async (scene) => {
    const { platform } = scene;
    const away = `127.0.0.1:${await freePort()}`;
    await inEffect(scene, await scene.strike(() => platform.remap(away)));
    const waiting = await until(
      async () => {
        const lag = await outLag(scene);
        return lag >= BACKLOG && lag;
      },
      { what: `${BACKLOG} messages wait for the cluster that is away` },
    );
    await inEffect(scene, await scene.strike(() => platform.remap()));
    return [`${waiting} messages of OUT waited for it when it was removed`];
  },
};

async function outLag({ platform: { services } }: Scene): Promise<number> {
  const counts = await Promise.all(services.of('kafka-egress').map((name) => metricsOf(services.get(name))));
  return counts.reduce((sum, count) => sum + (count?.get('tributary_egress_out_lag') ?? 0), 0);
}

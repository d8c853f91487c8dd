import type { Fault } from '../fault.ts';
import { LEASED, partsOf } from './parts.ts';

const STORM_MS = 15_000;

/** kill -9 of any instance at any instant: whatever stands between two steps of a message is met by and by. */
export const killStorm: Fault = {
  name: 'kill-storm',
  title: `kill -9 of random services at random instants for ${STORM_MS / 1_000} s`,
  profile: 'single',
  repeats: true,
  inject: async (scene) => {
    const kills = new Map<string, number>();
    const restarting = new Set<Promise<void>>();
    const away = new Set<string>();
    const until = performance.now() + STORM_MS;
    while (performance.now() < until) {
      const service = scene.random.pick(LEASED);
      const [n, victim] = scene.random.pick([...partsOf(scene.platform, service).entries()]);
      const name = `${service} ${n + 1}`;
      // The device's side of the story needs one ingress node that is there now and then.
      if (!away.has(name)) {
        away.add(name);
        await scene.strike(() => victim.kill());
        kills.set(service, (kills.get(service) ?? 0) + 1);
        const restart = victim.start().finally(() => away.delete(name));
        restarting.add(restart);
        restart.catch(() => undefined);
      }
      await scene.pause(scene.random.between(50, 700));
    }
    await Promise.all(restarting);
    return [[...kills].map(([service, count]) => `${count} × ${service}`).join(', ')];
  },
};

import type { Fault } from '../fault.ts';
import { ids } from './parts.ts';

/** Longer than the two minutes for which a stream remembers message ids. */
const AWAY_MS = 125_000;

/** A log that comes back when it has forgotten what it had been sent twice. */
export const longOutage: Fault = {
  name: 'nats-away',
  title: `the nats-server away for ${AWAY_MS / 1_000} s, longer than the duplicate window`,
  profile: 'single',
  repeats: true,
  inject: async (scene) => {
    const [server] = scene.platform.servers.nats;
    if (server === undefined) throw new Error('this platform has no nats-server');
    const before = server.pid;
    const acknowledged = await scene.strike(async () => {
      await server.kill();
      return scene.fleet.acknowledged;
    });
    await scene.pause(AWAY_MS);
    const meanwhile = scene.fleet.acknowledged - acknowledged;
    await server.start();
    return [`process ${ids([before], [server])}, ${meanwhile} messages acknowledged while it was away`];
  },
};

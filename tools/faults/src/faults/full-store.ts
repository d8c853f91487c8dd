import type { Fault } from '../fault.ts';
import { noSmallDisk } from '../disk/small-disk.ts';
import { ids } from './parts.ts';

const FULL_MS = 5_000;

/** No room for the log: devices are not answered, and nothing that was is lost when there is room again. */
export const fullStore: Fault = {
  name: 'full-store',
  title: `the disk of the log full for ${FULL_MS / 1_000} s; then room is made and the nats-server restarted`,
  profile: 'small-disk',
  repeats: true,
  unavailable: noSmallDisk,
  inject: async (scene) => {
    const { nats, smallDisk } = scene.platform.servers;
    const [server] = nats;
    if (smallDisk === undefined || server === undefined) throw new Error('this platform has no small disk');
    const before = server.pid;
    const taken = await scene.strike(() => smallDisk.fill());
    const left = smallDisk.free;
    // What the server had room for is answered first.
    await scene.pause(1_500);
    const acknowledged = scene.fleet.acknowledged;
    await scene.pause(FULL_MS);
    const meanwhile = scene.fleet.acknowledged - acknowledged;
    smallDisk.empty();
    // A nats-server that met a full disk has switched JetStream off until it is started again.
    await server.restart('kill');
    if (meanwhile > 0) throw new Error(`${meanwhile} messages were acknowledged with no room for them`);
    return [
      `${taken} MiB filled, ${left} bytes left, no message acknowledged for ${FULL_MS / 1_000} s; process ${ids([before], [server])}`,
    ];
  },
};

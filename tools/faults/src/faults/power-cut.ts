import type { Fault } from '../fault.ts';
import { noVolatileDisk } from '../disk/volatile-disk.ts';
import type { Scene } from '../scene.ts';
import { ids } from './parts.ts';

const CUTS = 4;
const SYNC_MS = 150;
const SLOW_MS = 6_000;
/** A disk that takes its time: something is written and not yet synced at any moment. */
const SYNC_BEFORE_CUT_MS = 15;

const common = { profile: 'volatile-disk', repeats: true, unavailable: noVolatileDisk } as const;

/** What a nats-server with `sync_interval: always` must survive. */
export const diskFaults: readonly Fault[] = [
  {
    ...common,
    name: 'slow-disk',
    title: `every sync of the log's disk takes ${SYNC_MS} ms for ${SLOW_MS / 1_000} s`,
    inject: slow,
  },
  {
    ...common,
    name: 'power-cut',
    title: `the machine of the nats-server loses its power ${CUTS} times: what was not synced is gone`,
    inject: powerCut,
  },
];

function diskOf({ platform: { servers } }: Scene) {
  const [server] = servers.nats;
  if (servers.volatileDisk === undefined || server === undefined)
    throw new Error('this platform has no volatile disk');
  return { disk: servers.volatileDisk, server };
}

async function powerCut(scene: Scene): Promise<string[]> {
  const { disk, server } = diskOf(scene);
  const gone: number[] = [];
  const pids: string[] = [];
  for (let n = 0; n < CUTS; n++) {
    const before = server.pid;
    await disk.slow(SYNC_BEFORE_CUT_MS);
    const bytes = await scene.strike(async () => {
      await server.kill();
      return disk.cut();
    });
    gone.push(bytes);
    await disk.slow(0);
    await server.start();
    pids.push(ids([before], [server]));
    await scene.flowing(30_000);
  }
  const total = gone.reduce((sum, bytes) => sum + bytes, 0);
  return total === 0 ? [] : [`${gone.join(', ')} written bytes gone; process ${pids.join(', ')}`];
}

async function slow(scene: Scene): Promise<string[]> {
  const { disk } = diskOf(scene);
  const acknowledged = await scene.strike(async () => {
    await disk.slow(SYNC_MS);
    return scene.fleet.acknowledged;
  });
  await scene.pause(SLOW_MS);
  const meanwhile = scene.fleet.acknowledged - acknowledged;
  await disk.slow(0);
  return [`${meanwhile} messages acknowledged while it was slow`];
}

import { SmallDisk } from '../disk/small-disk.ts';
import { VolatileDisk } from '../disk/volatile-disk.ts';
import type { Links } from './links.ts';
import { singleServers, type Servers } from './servers.ts';

const SMALL_MIB = 128;
/** What streams may reserve: the disk is to be the only bound. */
const MAX_STORE = 2 ** 42;

/** One nats-server and one Kafka, the log on a disk that can be disturbed; every write is synced before it is answered. */
export async function diskServers(links: Links, kind: 'small' | 'volatile'): Promise<Servers> {
  await using stack = new AsyncDisposableStack();
  const smallDisk = kind === 'small' ? stack.use(SmallDisk.mount(SMALL_MIB)) : undefined;
  const volatileDisk = kind === 'volatile' ? stack.use(await VolatileDisk.mount()) : undefined;
  const disk = smallDisk ?? volatileDisk;
  const dataFolder = disk === undefined ? {} : { dataFolder: disk.folder };
  const servers = stack.use(
    await singleServers(links, { ...dataFolder, syncInterval: 'always', maxStore: MAX_STORE }),
  );
  const owned = stack.move();
  return {
    ...servers,
    ...(smallDisk && { smallDisk }),
    ...(volatileDisk && { volatileDisk }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

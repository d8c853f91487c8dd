import type { Links } from './links.ts';
import { clusterServers } from './cluster-servers.ts';
import { diskServers } from './disk-servers.ts';
import { singleServers, type Servers } from './servers.ts';

interface Profile {
  /** As the report says it. */
  title: string;
  start(links: Links): Promise<Servers>;
}

/** What a row can ask the platform to stand on. */
export const profiles = {
  single: {
    title: 'one nats-server, one Kafka broker, a proxy on every connection',
    start: (links: Links) => singleServers(links, {}),
  },
  'small-disk': {
    title: 'the same, the log on a disk of 128 MiB',
    start: (links: Links) => diskServers(links, 'small'),
  },
  'volatile-disk': {
    title: 'the same, the log on a disk that forgets what was not synced when the power fails',
    start: (links: Links) => diskServers(links, 'volatile'),
  },
  cluster: {
    title: 'three nats-servers, three Kafka brokers, everything kept three times',
    start: () => clusterServers(),
  },
} satisfies Record<string, Profile>;

export type ProfileName = keyof typeof profiles;

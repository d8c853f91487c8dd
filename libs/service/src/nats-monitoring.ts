const PATIENCE_MS = 3_000;

/** What a NATS server says of itself where it is monitored. */
export interface NatsServerState {
  readonly id: string;
  readonly name: string;
  readonly cluster: string | undefined;
  /** JetStream writes to disk before it acknowledges. */
  readonly syncAlways: boolean;
  /** Servers that JetStream runs on, those too that are down; 1 without a cluster. */
  readonly clusterSize: number;
  /** Tag by which it keeps replicas apart: that of the zone. */
  readonly uniqueTag: string | undefined;
}

interface Varz {
  server_id: string;
  server_name: string;
  cluster?: { name?: string };
  jetstream?: { config?: { sync_always?: boolean; unique_tag?: string }; meta?: { cluster_size?: number } };
}

/** @param url of the monitoring, `http://host:8222`. Rejects if it does not answer as a NATS server does. */
export async function natsServerState(url: string): Promise<NatsServerState> {
  const response = await fetch(new URL('/varz', url), { signal: AbortSignal.timeout(PATIENCE_MS) });
  const said = (await response.json()) as Partial<Varz>;
  const { server_id: id, server_name: name, cluster, jetstream } = said;
  if (id === undefined || name === undefined)
    throw new TypeError(`${url} is not the monitoring of a NATS server`);
  return {
    id,
    name,
    cluster: cluster?.name,
    syncAlways: jetstream?.config?.sync_always === true,
    clusterSize: jetstream?.meta?.cluster_size ?? 1,
    uniqueTag: jetstream?.config?.unique_tag,
  };
}

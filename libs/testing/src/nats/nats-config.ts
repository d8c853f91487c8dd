export interface NatsSettings {
  host: string;
  port: number;
  /** HTTP monitoring port; none if left out. */
  monitorPort?: number;
  storeFolder: string;
  /** When JetStream makes the operating system write: `always` before each acknowledgement, or a duration as `2m`. */
  syncInterval?: string;
  /** Largest message, bytes. */
  maxPayload?: number;
  /** Room for all streams, bytes. */
  maxStore?: number;
  /** The servers that it shares streams with; none if left out. */
  cluster?: NatsClusterSettings;
  /** Further lines of the server's configuration file. */
  extra?: string;
}

export interface NatsClusterSettings {
  name: string;
  /** Where this server listens for the others, on its host. */
  port: number;
  /** The cluster ports of all its servers; this one may be among them. */
  peers: readonly number[];
}

/** What a server calls itself, as answers about leaders and replicas name it. */
export function natsServerName(port: number): string {
  return `tributary-${port}`;
}

/** The text of a nats-server configuration file. */
export function natsConfig(settings: NatsSettings): string {
  const { host, port, monitorPort, storeFolder, syncInterval, maxPayload, maxStore, cluster, extra } =
    settings;
  const lines = [
    `server_name: "${natsServerName(port)}"`,
    `listen: "${host}:${port}"`,
    ...(monitorPort === undefined ? [] : [`http: "${host}:${monitorPort}"`]),
    ...(maxPayload === undefined ? [] : [`max_payload: ${maxPayload}`]),
    'jetstream {',
    `  store_dir: ${JSON.stringify(storeFolder)}`,
    ...(syncInterval === undefined ? [] : [`  sync_interval: ${syncInterval}`]),
    ...(maxStore === undefined ? [] : [`  max_file_store: ${maxStore}`]),
    '}',
    ...(cluster === undefined ? [] : clusterLines(host, cluster)),
    ...(extra === undefined ? [] : [extra]),
  ];
  return `${lines.join('\n')}\n`;
}

function clusterLines(host: string, { name, port, peers }: NatsClusterSettings): string[] {
  const routes = peers.filter((peer) => peer !== port).map((peer) => `"nats://${host}:${peer}"`);
  return [
    'cluster {',
    `  name: "${name}"`,
    `  listen: "${host}:${port}"`,
    `  routes: [${routes.join(', ')}]`,
    '}',
  ];
}

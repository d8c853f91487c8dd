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
  /** Further lines of the server's configuration file. */
  extra?: string;
}

/** The text of a nats-server configuration file. */
export function natsConfig(settings: NatsSettings): string {
  const { host, port, monitorPort, storeFolder, syncInterval, maxPayload, maxStore, extra } = settings;
  const lines = [
    `server_name: "tributary-${port}"`,
    `listen: "${host}:${port}"`,
    ...(monitorPort === undefined ? [] : [`http: "${host}:${monitorPort}"`]),
    ...(maxPayload === undefined ? [] : [`max_payload: ${maxPayload}`]),
    'jetstream {',
    `  store_dir: ${JSON.stringify(storeFolder)}`,
    ...(syncInterval === undefined ? [] : [`  sync_interval: ${syncInterval}`]),
    ...(maxStore === undefined ? [] : [`  max_file_store: ${maxStore}`]),
    '}',
    ...(extra === undefined ? [] : [extra]),
  ];
  return `${lines.join('\n')}\n`;
}

import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { Envelope, streamNames, type RowView } from '@tributary/contracts';
import { connectNats, StreamReader } from '@tributary/log';
import { Proc, startNats, type NatsOptions, type NatsServer, type ProcOptions } from '@tributary/testing';

type Settings = NonNullable<ProcOptions['settings']>;

/** A row of the log with its place. */
export interface StoredRow {
  partition: number;
  sequence: number;
  index: number;
  row: RowView;
}

/** A real nats-server, a connection of the test's own to it, and as many ingress nodes as are started. */
export class Platform implements AsyncDisposable {
  readonly server: NatsServer;
  readonly nats: NatsConnection;
  readonly manager: JetStreamManager;
  readonly partitions: number;
  readonly #nodes: Proc[] = [];

  private constructor(
    server: NatsServer,
    nats: NatsConnection,
    manager: JetStreamManager,
    partitions: number,
  ) {
    this.server = server;
    this.nats = nats;
    this.manager = manager;
    this.partitions = partitions;
  }

  static async start(options: { nats?: NatsOptions; partitions?: number } = {}): Promise<Platform> {
    const server = await startNats(options.nats);
    const nats = await connectNats({ servers: [server.url], name: 'test' });
    return new Platform(server, nats, await jetstreamManager(nats), options.partitions ?? 2);
  }

  /** Starts an ingress node on free ports and waits until it is ready. */
  async node(settings: Settings = {}, nodeArgs: string[] = []): Promise<Proc> {
    const proc = await Proc.start('mqtt-ingress', {
      nodeArgs,
      settings: {
        'nats.servers': [this.server.url],
        'mqtt.port': 0,
        'websocket.port': 0,
        'log.partitions': this.partitions,
        'log.maxBytes': 512 * 1024 * 1024,
        'service.shutdownSeconds': 15,
        ...settings,
      },
    });
    this.#nodes.push(proc);
    return proc;
  }

  /** All rows of the log, partition by partition, in their order. */
  async rows(): Promise<StoredRow[]> {
    const partitions = Array.from({ length: this.partitions }, (_, p) => p);
    return (await Promise.all(partitions.map((p) => this.#partitionRows(p)))).flat();
  }

  async #partitionRows(partition: number): Promise<StoredRow[]> {
    const stream = streamNames.log(1, partition);
    const { state } = await this.manager.streams.info(stream);
    const ended = new AbortController();
    using reader = await StreamReader.open(this.nats, {
      stream,
      from: Math.max(state.first_seq, 1),
      signal: ended.signal,
    });
    const rows: StoredRow[] = [];
    while (reader.position <= state.last_seq) {
      const messages = await reader.take(8 * 1024 * 1024, 30_000);
      if (messages.length === 0)
        throw new Error(`${stream}: nothing at ${reader.position} of ${state.last_seq}`);
      for (const { sequence, data } of messages) {
        let index = 0;
        for (const row of Envelope.open(data)) rows.push({ partition, sequence, index: index++, row });
      }
    }
    ended.abort();
    return rows;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node[Symbol.asyncDispose]()));
    await this.nats.close();
    await this.server[Symbol.asyncDispose]();
  }
}

/** Host and port of a node's MQTT listener. */
export function mqttAddress(node: Proc): { host: string; port: number } {
  const { hostname, port } = new URL(node.endpoint('mqtt'));
  return { host: hostname, port: Number(port) };
}

/** Value of a metric of a node, all label combinations that contain `labels` added up. */
export async function metric(node: Proc, name: string, labels = ''): Promise<number> {
  const text = await (await node.get('/metrics')).text();
  let sum = 0;
  for (const line of text.split('\n')) {
    if (!line.startsWith(`${name}{`) && !line.startsWith(`${name} `)) continue;
    if (line.includes(labels)) sum += Number(line.slice(line.lastIndexOf(' ') + 1));
  }
  return sum;
}

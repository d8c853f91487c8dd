import { connect, type IClientOptions, type IClientSubscribeOptions, type MqttClient } from 'mqtt';
import { Proc, startNats, until, type NatsServer } from '@tributary/testing';

export interface Platform extends AsyncDisposable {
  nats: NatsServer;
  session: Proc;
  nodes: Proc[];
  /** Ends with the platform. */
  client(node: number, options?: IClientOptions, prepare?: (client: MqttClient) => void): Promise<Device>;
}

const LEASE_MS = 2_000;

/** A real nats-server, session-state and as many ingress nodes as asked for. */
export async function startPlatform(
  nodeCount: number,
  engine: 'aedes' | 'native' = 'aedes',
  sessionSettings: Record<string, number> = {},
): Promise<Platform> {
  const stack = new AsyncDisposableStack();
  const nats = stack.use(await startNats());
  const settings = { 'nats.servers': [nats.url], 'log.partitions': 4, 'lease.ttlMs': LEASE_MS };
  const session = stack.use(
    await Proc.start('session-state', { settings: { ...settings, ...sessionSettings } }),
  );
  const nodes: Proc[] = [];
  for (let n = 0; n < nodeCount; n++) {
    const own = {
      ...settings,
      'service.instance': `node-${n}`,
      'mqtt.port': 0,
      'websocket.port': 0,
      'mqtt.engine': engine,
    };
    nodes.push(stack.use(await Proc.start('mqtt-ingress', { settings: own })));
  }
  return {
    nats,
    session,
    nodes,
    client: async (node, options = {}, prepare = () => {}) => {
      const device = await Device.connect(nodes[node]?.endpoint('mqtt') ?? '', options, prepare);
      stack.defer(() => device.close());
      return device;
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

export interface Received {
  topic: string;
  payload: string;
  qos: number;
  retain: boolean;
  dup: boolean;
  subscriptionIds: number[];
}

/** An MQTT.js client that keeps what it receives. */
export class Device {
  readonly client: MqttClient;
  readonly received: Received[] = [];

  private constructor(client: MqttClient) {
    this.client = client;
    client.on('message', (topic, payload, { qos, retain, dup, properties }) => {
      const ids = properties?.subscriptionIdentifier ?? [];
      const subscriptionIds = Array.isArray(ids) ? ids : [ids];
      this.received.push({ topic, payload: payload.toString(), qos, retain, dup, subscriptionIds });
    });
  }

  /** @param prepare sees the client before anything comes to it */
  static async connect(
    url: string,
    options: IClientOptions,
    prepare: (client: MqttClient) => void = () => {},
  ): Promise<Device> {
    const client = connect(url, { reconnectPeriod: 0, protocolVersion: 5, ...options });
    const device = new Device(client);
    prepare(client);
    await new Promise<void>((resolve, reject) => {
      client.once('connect', () => resolve());
      client.once('error', reject);
    });
    return device;
  }

  async subscribe(filter: string | string[], options: IClientSubscribeOptions): Promise<number[]> {
    const grants = await this.client.subscribeAsync(filter, options);
    return grants.map(({ qos }) => qos);
  }

  async publish(topic: string, payload: string, qos: 0 | 1 | 2, retain = false): Promise<void> {
    await this.client.publishAsync(topic, payload, { qos, retain });
  }

  payloads(): string[] {
    return this.received.map(({ payload }) => payload);
  }

  async has(count: number, timeoutMs = 15_000): Promise<void> {
    await until(() => this.received.length >= count, {
      timeoutMs,
      what: `${count} messages, have ${this.received.length}`,
    });
  }

  async close(): Promise<void> {
    if (!this.client.connected) return;
    await this.client.endAsync(true);
  }
}

import { setTimeout as delay } from 'node:timers/promises';
import { connectAsync, type MqttClient } from 'mqtt';

/** What one device published and what of it was acknowledged. */
export interface DeviceLog {
  name: string;
  qos: 0 | 1 | 2;
  published: number;
  /** Numbers whose publish the broker acknowledged; at QoS 0 nothing ever is. */
  acknowledged: Set<number>;
}

/** Devices that publish numbered messages, one in flight each, until they are told to stop. */
export class Fleet implements AsyncDisposable {
  readonly devices: DeviceLog[] = [];
  readonly #clients: MqttClient[] = [];
  readonly #running: Promise<void>[] = [];
  #stopping = false;
  reconnects = 0;
  /** From each PUBLISH at QoS 1 and 2 to its acknowledgement, in ms, since this was emptied last. */
  latenciesMs: number[] = [];
  #bytes = 0;

  /**
   * @param topic prefix; device `d7` publishes to `<topic>/d7`
   * @param bytes what numbers are padded to with blanks
   */
  static async start(
    urls: readonly string[],
    size: number,
    topic: string,
    pauseMs: number,
    bytes = 0,
  ): Promise<Fleet> {
    const fleet = new Fleet();
    fleet.#bytes = bytes;
    await Promise.all(
      Array.from({ length: size }, async (_, n) => {
        const url = urls[n % urls.length] ?? '';
        const qos = n % 10 === 0 ? 0 : n % 4 === 0 ? 2 : 1;
        await fleet.#join(url, { name: `d${n}`, qos, published: 0, acknowledged: new Set() }, topic, pauseMs);
      }),
    );
    return fleet;
  }

  get acknowledged(): number {
    return this.devices.reduce((sum, { acknowledged }) => sum + acknowledged.size, 0);
  }

  get published(): number {
    return this.devices.reduce((sum, { published }) => sum + published, 0);
  }

  /** Resolves when every device has an answer to what it published last. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#running);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#clients.map((client) => client.endAsync(true)));
  }

  async #join(url: string, device: DeviceLog, topic: string, pauseMs: number): Promise<void> {
    const client = await connectAsync(url, {
      clientId: `${topic.replaceAll('/', '-')}-${device.name}`,
      protocolVersion: this.#clients.length % 2 === 0 ? 4 : 5,
      reconnectPeriod: 100,
      connectTimeout: 2_000,
      keepalive: 5,
    });
    client.on('reconnect', () => this.reconnects++);
    client.on('error', () => {}); // It reconnects; what it holds is sent again.
    this.#clients.push(client);
    this.devices.push(device);
    this.#running.push(this.#publish(client, device, `${topic}/${device.name}`, pauseMs));
  }

  async #publish(client: MqttClient, device: DeviceLog, topic: string, pauseMs: number): Promise<void> {
    while (!this.#stopping) {
      const n = device.published++;
      const sentMs = performance.now();
      await client.publishAsync(topic, String(n).padEnd(this.#bytes), { qos: device.qos });
      if (device.qos > 0) {
        device.acknowledged.add(n);
        this.latenciesMs.push(performance.now() - sentMs);
      }
      await delay(pauseMs);
    }
  }
}

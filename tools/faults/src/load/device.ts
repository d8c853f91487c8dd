import { setTimeout as delay } from 'node:timers/promises';
import { connect, type MqttClient } from 'mqtt';
import { until } from '@tributary/testing';
import type { Random } from '../random.ts';
import { Silence } from '../count/silence.ts';

/** What one device published, how often each message left it, and what of it was acknowledged. */
export interface DeviceLog {
  readonly name: string;
  readonly qos: 0 | 1 | 2;
  /** By its number, how often a message was given to a connection: more than once is a resend of the device. */
  readonly sent: readonly number[];
  /** Numbers whose publish was acknowledged to its end (PUBACK, PUBCOMP); at QoS 0 nothing ever is. */
  readonly acknowledged: ReadonlySet<number>;
}

export interface DeviceOptions {
  name: string;
  qos: 0 | 1 | 2;
  protocolVersion: 4 | 5;
  /** It goes on at the next of these when a connection ends, as behind a load balancer. */
  servers: readonly { host: string; port: number }[];
  topic: string;
  /** Average time between two bursts, in ms. */
  pauseMs: number;
  random: Random;
}

const MOST_IN_A_BURST = 3;
const CONNECT_MS = 60_000;

/** A device that publishes numbered messages in small bursts, reconnects, and sends again what was not acknowledged. */
export class Device implements DeviceLog, AsyncDisposable {
  readonly name: string;
  readonly qos: 0 | 1 | 2;
  readonly sent: number[] = [];
  readonly acknowledged = new Set<number>();
  /** Between two acknowledgements; at QoS 0, between two messages that left. */
  readonly silence = new Silence();
  reconnects = 0;
  refused = 0;
  readonly #client: MqttClient;
  readonly #options: DeviceOptions;
  #inFlight = 0;
  #ended = false;

  private constructor(client: MqttClient, options: DeviceOptions) {
    this.name = options.name;
    this.qos = options.qos;
    this.#client = client;
    this.#options = options;
    client.on('reconnect', () => this.reconnects++);
    client.on('error', () => {}); // It reconnects; what it holds is sent again.
    client.on('packetsend', (packet) => {
      if (packet.cmd !== 'publish') return;
      const n = Number.parseInt(packet.payload.toString(), 10);
      if (Number.isInteger(n)) this.sent[n] = (this.sent[n] ?? 0) + 1;
    });
  }

  static async connect(options: DeviceOptions): Promise<Device> {
    const { name, topic, protocolVersion, servers } = options;
    const client = connect({
      servers: servers.map((server) => ({ ...server, protocol: 'mqtt' as const })),
      clientId: `${topic.replaceAll('/', '-')}-${name}`,
      protocolVersion,
      reconnectPeriod: 100,
      connectTimeout: 3_000,
      // Without it MQTT.js gives up for ever when a CONNACK refuses it once.
      reconnectOnConnackError: true,
      keepalive: 3,
    });
    const device = new Device(client, options);
    // It tries until it gets in, as later.
    try {
      await until(() => client.connected, { what: `${name} is connected`, timeoutMs: CONNECT_MS });
      return device;
    } catch (error) {
      await device[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Published and not yet acknowledged. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Publishes until the signal aborts. Resolves when the last message is acknowledged, or the device is disposed of. */
  async run(stop: AbortSignal): Promise<void> {
    const { random, pauseMs } = this.#options;
    while (!stop.aborted && !this.#ended) {
      const burst = random.between(1, MOST_IN_A_BURST);
      await Promise.all(Array.from({ length: burst }, () => this.#publish()));
      await delay(pauseMs * (0.5 + random.next()), undefined, { signal: stop }).catch(() => undefined);
    }
  }

  /** Has the device send something else between two of its messages. */
  publishBeside(topic: string, payload: string): Promise<unknown> {
    return this.#client.publishAsync(topic, payload, { qos: 1 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true;
    await this.#client.endAsync(true);
  }

  async #publish(): Promise<void> {
    const n = this.sent.length;
    this.sent.push(0);
    this.#inFlight++;
    try {
      await this.#client.publishAsync(`${this.#options.topic}/${this.name}`, String(n), { qos: this.qos });
      if (this.qos > 0) this.acknowledged.add(n);
      this.silence.broken();
    } catch {
      // A reason code that says no, or the end of the run: it stays unacknowledged.
      this.refused++;
    } finally {
      this.#inFlight--;
    }
  }
}

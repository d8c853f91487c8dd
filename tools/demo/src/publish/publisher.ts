import { connect, type IClientPublishOptions, type MqttClient } from 'mqtt';
import type { QoS } from '../options.ts';
import type { Device } from '../recording/fleet.ts';
import type { Ledger } from '../verdict/ledger.ts';

/** Messages that a device keeps unacknowledged; further ones wait, and are then late. */
const WINDOW = 20;
const RECONNECT_MS = 500;
const CONNECT_MS = 15_000;

export interface PublisherOptions {
  readonly device: Device;
  readonly clientId: string;
  /** `mqtt://host:port`; it begins with the first one and goes on to the next when a connection fails. */
  readonly nodes: readonly string[];
  readonly qos: QoS;
  readonly speed: number;
  readonly ledger: Ledger;
}

/**
 * One device: an MQTT connection that publishes its messages in order when they are due. It is MQTT.js, which connects
 * again by itself and then sends again what was not acknowledged.
 */
export class Publisher {
  readonly #options: PublisherOptions;
  readonly #client: MqttClient;
  /** Online, and all that was unacknowledged before has been sent again. */
  #online = false;
  #everOnline = false;
  #next = 0;
  #open = 0;
  #startMs: number | null = null;
  #stopped = false;
  #timer: NodeJS.Timeout | undefined;
  #reconnects = 0;
  #refused = 0;
  #trouble = '';

  constructor(options: PublisherOptions) {
    this.#options = options;
    const { clientId, nodes, ledger } = options;
    this.#client = connect({
      servers: nodes.map((node) => {
        const { hostname, port } = new URL(node);
        return { host: hostname, port: Number(port), protocol: 'mqtt' as const };
      }),
      protocolVersion: 5,
      clientId,
      clean: true,
      keepalive: 30,
      reconnectPeriod: RECONNECT_MS,
      connectTimeout: CONNECT_MS,
      // What is due while there is no connection waits here, not in the client.
      queueQoSZero: false,
    });
    this.#client.on('connect', () => {
      if (this.#everOnline) this.#reconnects++;
      this.#everOnline = this.#online = true;
      this.#pump();
    });
    this.#client.on('close', () => (this.#online = false));
    this.#client.on('error', (error) => (this.#trouble = error.message));
    // Counted where packets leave, so that what the client sends again of its own accord is seen.
    this.#client.on('packetsend', (packet) => {
      if (packet.cmd === 'publish') ledger.sent(packet.topic, packet.payload);
    });
  }

  get online(): boolean {
    return this.#online;
  }

  get reconnects(): number {
    return this.#reconnects;
  }

  /** Publishes that the gateway answered with an error. */
  get refused(): number {
    return this.#refused;
  }

  /** The last error of its connection; '' if there was none. */
  get trouble(): string {
    return this.#trouble;
  }

  /** Everything was published, and answered if QoS is 1 or 2. */
  get done(): boolean {
    return (this.#stopped || this.#next === this.#options.device.length) && this.#open === 0;
  }

  /** Sets the clock going. */
  start(nowMs: number): void {
    this.#startMs = nowMs;
    this.#pump();
  }

  /** Publishes nothing more; what is open may still be acknowledged. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  async close(): Promise<void> {
    const force = this.#open > 0 || !this.#online;
    this.stop();
    await this.#client.endAsync(force);
  }

  #pump(): void {
    const { device, speed, qos } = this.#options;
    clearTimeout(this.#timer);
    while (this.#startMs !== null && this.#online && !this.#stopped && this.#next < device.length) {
      // QoS 0 has no window: a device sends when it has something to say.
      if (qos > 0 && this.#open >= WINDOW) return;
      const waitMs = this.#startMs + device.due(this.#next) / speed - performance.now();
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.#pump(), waitMs);
        return;
      }
      this.#publish(this.#next++);
    }
  }

  #publish(index: number): void {
    const { device, ledger } = this.#options;
    const { topic, payload } = device.message(index);
    const options: IClientPublishOptions = { qos: this.#options.qos };
    const entry = ledger.published(topic, payload, index, performance.now());
    this.#open++;
    this.#client.publish(topic, payload, options, (error) => {
      this.#open--;
      // After `stop` an error says only that the connection was closed.
      if (!error) {
        if (options.qos !== 0) ledger.acknowledged(entry);
      } else if (!this.#stopped) {
        this.#refused++;
        this.#trouble = error.message;
      }
      this.#pump();
    });
  }
}

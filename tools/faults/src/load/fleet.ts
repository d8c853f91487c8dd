import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '../random.ts';
import { Device } from './device.ts';

export interface FleetOptions {
  servers: readonly { host: string; port: number }[];
  size: number;
  /** Device `d7` publishes to `<topic>/d7`. */
  topic: string;
  pauseMs: number;
  random: Random;
}

/** Of ten devices one sends at QoS 0, seven at QoS 1, two at QoS 2. */
const QOS = [0, 1, 1, 2, 1, 1, 1, 2, 1, 1] as const;
const CONNECTING_AT_ONCE = 50;

/** Devices of MQTT 3.1.1 and 5, some at each ingress node, that publish numbered messages until they are told to stop. */
export class Fleet implements AsyncDisposable {
  readonly devices: Device[] = [];
  readonly #stop = new AbortController();
  readonly #running: Promise<void>[] = [];

  static async start({ servers, size, topic, pauseMs, random }: FleetOptions): Promise<Fleet> {
    const fleet = new Fleet();
    const connect = async (n: number): Promise<void> => {
      const first = n % servers.length;
      const device = await Device.connect({
        name: `d${n}`,
        qos: QOS[n % QOS.length] ?? 1,
        protocolVersion: Math.floor(n / servers.length) % 2 === 0 ? 4 : 5,
        servers: [...servers.slice(first), ...servers.slice(0, first)],
        topic,
        pauseMs,
        random: random.fork(n),
      });
      fleet.devices.push(device);
      fleet.#running.push(device.run(fleet.#stop.signal));
    };
    for (let n = 0; n < size; n += CONNECTING_AT_ONCE) {
      const batch = Array.from({ length: Math.min(CONNECTING_AT_ONCE, size - n) }, (_, i) => connect(n + i));
      const failed = (await Promise.allSettled(batch)).find(({ status }) => status === 'rejected');
      if (failed?.status !== 'rejected') continue;
      await fleet[Symbol.asyncDispose]();
      throw failed.reason;
    }
    return fleet;
  }

  get published(): number {
    return this.#sum(({ sent }) => sent.length);
  }

  get acknowledged(): number {
    return this.#sum(({ acknowledged }) => acknowledged.size);
  }

  get inFlight(): number {
    return this.#sum((device) => device.inFlight);
  }

  get reconnects(): number {
    return this.#sum((device) => device.reconnects);
  }

  get refused(): number {
    return this.#sum((device) => device.refused);
  }

  /** Copies that left devices beside the first of each message. */
  get resent(): number {
    return this.#sum(({ sent }) => sent.reduce((sum, times) => sum + Math.max(0, times - 1), 0));
  }

  /** The longest that any device waited between two acknowledgements, in ms. */
  get longestSilenceMs(): number {
    return Math.max(0, ...this.devices.map(({ silence }) => silence.longestMs));
  }

  restartSilence(): void {
    for (const { silence } of this.devices) silence.restart();
  }

  /** Stops publishing and resolves to the number of devices that had no answer within the time. */
  async stop(timeoutMs: number): Promise<number> {
    this.#stop.abort();
    await Promise.race([Promise.all(this.#running), delay(timeoutMs, undefined, { ref: false })]);
    return this.devices.filter(({ inFlight }) => inFlight > 0).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.devices.map((device) => device[Symbol.asyncDispose]()));
  }

  #sum(value: (device: Device) => number): number {
    return this.devices.reduce((sum, device) => sum + value(device), 0);
  }
}

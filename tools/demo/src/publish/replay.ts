import { until } from '@tributary/testing';
import { DemoError } from '../errors.ts';
import type { QoS } from '../options.ts';
import type { Fleet } from '../recording/fleet.ts';
import type { Ledger } from '../verdict/ledger.ts';
import { Publisher } from './publisher.ts';

/** Connections that are opened at the same time. */
const AT_ONCE = 50;
const CONNECT_MS = 60_000;

export interface ReplayOptions {
  readonly fleet: Fleet;
  readonly nodes: readonly string[];
  readonly qos: QoS;
  /** Prefix of client ids, unique for this replay. */
  readonly clientPrefix: string;
  readonly ledger: Ledger;
}

/** All devices of a fleet. */
export class Replay {
  readonly #options: ReplayOptions;
  readonly #publishers: Publisher[] = [];

  constructor(options: ReplayOptions) {
    this.#options = options;
  }

  get online(): number {
    return this.#publishers.filter(({ online }) => online).length;
  }

  get reconnects(): number {
    return this.#publishers.reduce((sum, { reconnects }) => sum + reconnects, 0);
  }

  get refused(): number {
    return this.#publishers.reduce((sum, { refused }) => sum + refused, 0);
  }

  get done(): boolean {
    return this.#publishers.every(({ done }) => done);
  }

  /** The last error of any device; '' if there was none. */
  get trouble(): string {
    return this.#publishers.find(({ trouble }) => trouble !== '')?.trouble ?? '';
  }

  /** Opens all connections. Errors: `mqtt`, if some do not open; the reason of the signal. */
  async connect(signal: AbortSignal): Promise<void> {
    const { fleet, nodes, qos, clientPrefix, ledger } = this.#options;
    const deadline = performance.now() + CONNECT_MS;
    while (this.#publishers.length < fleet.devices.length) {
      const from = this.#publishers.length;
      for (const [i, device] of fleet.devices.slice(from, from + AT_ONCE).entries()) {
        const clientId = `${clientPrefix}${device.name}`;
        const first = (from + i) % nodes.length;
        const rotated = [...nodes.slice(first), ...nodes.slice(0, first)];
        this.#publishers.push(
          new Publisher({ device, clientId, nodes: rotated, qos, speed: fleet.speed, ledger }),
        );
      }
      try {
        const timeoutMs = Math.max(0, deadline - performance.now());
        await until(() => this.online === this.#publishers.length, { timeoutMs, signal });
      } catch (cause) {
        signal.throwIfAborted();
        const reason = this.trouble || 'no answer';
        throw new DemoError(
          'mqtt',
          `only ${this.online} of ${fleet.devices.length} connections to ${nodes.join(', ')} opened: ${reason}`,
          { cause },
        );
      }
    }
  }

  start(): void {
    const now = performance.now();
    for (const publisher of this.#publishers) publisher.start(now);
  }

  /** Publishes nothing more. */
  stop(): void {
    for (const publisher of this.#publishers) publisher.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#publishers.map((publisher) => publisher.close()));
  }
}

import { monotonicUs } from '../measure/monotonic.ts';
import type { Device } from './device.ts';

const TICK_MS = 1;

/**
 * Publishes at a fixed rate whatever the answers take. A message carries the time at which it was due, not the time at
 * which there was room for it: waiting behind a slow system counts as latency of that system.
 */
export class Pacer {
  readonly #devices: readonly Device[];
  readonly #perUs: number;
  #startUs = 0;
  #issued = 0;
  #turn = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param rate messages per second of all devices together, spread evenly over them and over time */
  constructor(devices: readonly Device[], rate: number) {
    this.#devices = devices;
    this.#perUs = rate / 1e6;
  }

  start(): void {
    this.#startUs = monotonicUs();
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Messages that are due and wait for a device with room. */
  get backlog(): number {
    return this.#timer === undefined ? 0 : Math.max(0, this.#due() - this.#issued);
  }

  #due(): number {
    return Math.floor((monotonicUs() - this.#startUs) * this.#perUs);
  }

  #tick(): void {
    for (const due = this.#due(); this.#issued < due; this.#issued++) {
      const device = this.#nextFree();
      if (!device) return;
      device.publish(1, this.#startUs + (this.#issued + 1) / this.#perUs);
    }
  }

  #nextFree(): Device | undefined {
    const { length } = this.#devices;
    for (let tries = 0; tries < length; tries++) {
      const device = this.#devices[this.#turn];
      this.#turn = (this.#turn + 1) % length;
      if (device && device.free > 0) return device;
    }
    return undefined;
  }
}

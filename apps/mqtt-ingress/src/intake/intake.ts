import type { LogAppender } from '@tributary/log';
import type { Device } from '../device/device.ts';

/** Connections that go on reading in one turn of the event loop: what they send is seen before more are let go. */
const RESUMED_AT_ONCE = 64;
/** Pause before looking again while the node as a whole is above its bound, in ms. */
const LOOK_AGAIN_MS = 10;

export interface IntakeOptions {
  appender: LogAppender;
  partitions: number;
  /** Above this many unconfirmed bytes in all partitions nobody is read. */
  maxPendingBytes: number;
  /** Everybody connected. */
  devices(): Iterable<Device>;
}

/**
 * Back-pressure from the log to sockets. Above a partition's high-water mark whoever sends to it waits, once it
 * has sent; above the bound of the node everybody waits at once, because each of many connections may have one
 * more read in it. They go on little by little.
 */
export class Intake {
  readonly #options: IntakeOptions;
  readonly #waiting: Device[][];
  /** Partitions whose waiting connections are being let go, or will be. */
  readonly #pumping: boolean[];
  #stopped = false;

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#waiting = Array.from({ length: options.partitions }, () => []);
    this.#pumping = Array.from({ length: options.partitions }, () => false);
  }

  /** The node has as many unconfirmed bytes as it may: what need not be kept is not kept. */
  get full(): boolean {
    return this.#options.appender.pendingBytes >= this.#options.maxPendingBytes;
  }

  /** `device` has sent to a partition that is above its high-water mark. */
  wait(device: Device): void {
    this.#hold(device);
    if (this.#stopped || !this.full) return;
    this.#stopped = true;
    for (const each of this.#options.devices()) this.#hold(each);
  }

  #hold(device: Device): void {
    if (!device.reading.pause('log')) return;
    this.#waiting[device.partition]?.push(device);
    if (this.#pumping[device.partition]) return;
    this.#pumping[device.partition] = true;
    this.#options.appender.whenWritable(device.partition, () => this.#letGo(device.partition));
  }

  #letGo(partition: number): void {
    const { appender, maxPendingBytes } = this.#options;
    const waiting = this.#waiting[partition] ?? [];
    if (this.#stopped && appender.pendingBytes * 2 > maxPendingBytes) {
      setTimeout(() => this.#letGo(partition), LOOK_AGAIN_MS);
      return;
    }
    this.#stopped = false;
    for (const device of waiting.splice(0, RESUMED_AT_ONCE)) device.reading.resume('log');
    if (waiting.length === 0) this.#pumping[partition] = false;
    else if (appender.writable(partition)) setImmediate(() => this.#letGo(partition));
    else appender.whenWritable(partition, () => this.#letGo(partition));
  }
}

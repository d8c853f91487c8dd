import { setTimeout as delay } from 'node:timers/promises';
import type { Proc } from '@tributary/testing';
import type { StoredRow } from './platform.ts';
import { RawClient } from './raw-client.ts';

/**
 * A device that publishes numbers at QoS 1 with a window, connects again when it is cut off, and then sends again
 * what was not acknowledged, as real devices do.
 */
export class SteadyDevice implements Disposable {
  readonly clientId: string;
  readonly #nodes: () => readonly Proc[];
  readonly #window: number;
  readonly #payloadBytes: number;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #next = 0;
  /** Numbers sent and not acknowledged, oldest first; those of an earlier connection are sent again. */
  #open: number[] = [];
  readonly acknowledged: number[] = [];
  connections = 0;
  refusals = 0;
  #disposed = false;

  constructor(
    clientId: string,
    nodes: () => readonly Proc[],
    options: { window?: number; payloadBytes?: number } = {},
  ) {
    this.clientId = clientId;
    this.#nodes = nodes;
    this.#window = options.window ?? 10;
    this.#payloadBytes = options.payloadBytes ?? 64;
    this.#running = this.#run();
  }

  get sent(): number {
    return this.#next;
  }

  /** Publishes nothing new, waits until all that was sent is acknowledged, and leaves. */
  async finish(timeoutMs = 30_000): Promise<void> {
    this.#stop.abort();
    const late = delay(timeoutMs, 'late' as const, { ref: false });
    if ((await Promise.race([this.#running, late])) === 'late') {
      throw new Error(`${this.clientId}: ${this.#open.length} not acknowledged after ${timeoutMs} ms`);
    }
  }

  /** Stops at once, whatever is not acknowledged. */
  [Symbol.dispose](): void {
    this.#disposed = true;
  }

  get #done(): boolean {
    return this.#disposed || (this.#stop.signal.aborted && this.#open.length === 0);
  }

  async #run(): Promise<void> {
    for (let attempt = 0; !this.#done; attempt++) {
      const nodes = this.#nodes();
      const node = nodes[attempt % nodes.length];
      if (node === undefined) throw new Error('no node');
      try {
        using client = await RawClient.connect(node, { clientId: this.clientId });
        this.connections++;
        await this.#publish(client);
      } catch {
        this.refusals++;
      }
      if (!this.#done) await delay(50);
    }
  }

  async #publish(client: RawClient): Promise<void> {
    for (const n of this.#open) this.#send(client, n, true);
    while (!client.closed && !this.#done) {
      while (this.#open.length < this.#window && !this.#stop.signal.aborted) {
        this.#open.push(this.#next);
        this.#send(client, this.#next++, false);
      }
      await delay(1);
      for (const packet of client.received.splice(0)) {
        if (packet.cmd !== 'puback') continue;
        const n = this.#open.shift();
        if (n === undefined || packetId(n) !== packet.messageId) throw new Error('PUBACK out of order');
        this.acknowledged.push(n);
      }
    }
  }

  #send(client: RawClient, n: number, dup: boolean): void {
    client.publish(`devices/${this.clientId}`, String(n).padEnd(this.#payloadBytes), 1, packetId(n), { dup });
  }
}

/** Devices of a test; they stop when it ends, however it ends. */
export class Fleet extends DisposableStack {
  readonly devices: readonly SteadyDevice[];

  constructor(size: number, name: string, nodes: () => readonly Proc[]) {
    super();
    this.devices = Array.from({ length: size }, (_, n) => this.use(new SteadyDevice(`${name}-${n}`, nodes)));
  }

  async finish(): Promise<void> {
    await Promise.all(this.devices.map((device) => device.finish()));
  }
}

function packetId(n: number): number {
  return (n % 60_000) + 1;
}

export interface Account {
  acknowledged: number;
  stored: number;
  lost: number;
  repeated: number;
  reordered: number;
}

/** Compares what devices were acknowledged with what the log holds. */
export function account(devices: readonly SteadyDevice[], rows: readonly StoredRow[]): Account {
  const result: Account = { acknowledged: 0, stored: 0, lost: 0, repeated: 0, reordered: 0 };
  const stored = new Map<string, number[]>();
  for (const { row } of rows) {
    const numbers = stored.get(row.clientId) ?? [];
    numbers.push(Number(row.payload.toString()));
    stored.set(row.clientId, numbers);
  }
  for (const device of devices) {
    const numbers = stored.get(device.clientId) ?? [];
    const seen = new Set<number>();
    let highest = -1;
    for (const n of numbers) {
      if (seen.has(n)) result.repeated++;
      else if (n < highest) result.reordered++;
      seen.add(n);
      highest = Math.max(highest, n);
    }
    result.acknowledged += device.acknowledged.length;
    result.stored += seen.size;
    result.lost += device.acknowledged.filter((n) => !seen.has(n)).length;
  }
  return result;
}

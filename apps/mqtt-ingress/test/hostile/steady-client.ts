import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import * as p from './packets.ts';

/** Time between two PUBLISHes, in ms. */
const PAUSE_MS = 5;

/** A client that behaves, and how long the node lets it wait: from PUBLISH (QoS 1) to PUBACK, one at a time. */
export class SteadyClient implements AsyncDisposable {
  readonly #socket: Socket;
  readonly #running: Promise<void>;
  #stopped = false;
  #latencies: number[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#running = this.#run();
  }

  static async connect(address: { host: string; port: number }): Promise<SteadyClient> {
    const socket = connect({ ...address, noDelay: true });
    socket.write(p.connect({ version: 4, clientId: 'steady' }));
    const [connack] = (await once(socket, 'data')) as [Buffer];
    if (connack[3] !== 0) throw new Error(`CONNACK ${connack[3]}`);
    return new SteadyClient(socket);
  }

  /** Latencies since it was asked last, in ms. */
  take(): number[] {
    const taken = this.#latencies;
    this.#latencies = [];
    return taken;
  }

  /** Rejects if the node has closed the connection or answered wrongly. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    try {
      await this.#running;
    } finally {
      this.#socket.destroy();
    }
  }

  async #run(): Promise<void> {
    for (let n = 0; !this.#stopped; n++) {
      const id = 1 + (n % 60_000);
      const began = performance.now();
      this.#socket.write(p.publish({ version: 4, qos: 1, id, topic: 'steady', payload: Buffer.alloc(50) }));
      const [puback] = (await once(this.#socket, 'data')) as [Buffer];
      if (puback.length !== 4 || puback[0] !== 0x40 || puback.readUInt16BE(2) !== id) {
        throw new Error(`${puback.toString('hex')} instead of PUBACK ${id}`);
      }
      this.#latencies.push(performance.now() - began);
      await delay(PAUSE_MS);
    }
  }
}

/** Connects anew, as often as it takes. @returns how long that took, in ms */
export async function connectAnew(
  address: { host: string; port: number },
  clientId: string,
): Promise<number> {
  const began = performance.now();
  for (;;) {
    const socket = connect({ ...address, noDelay: true });
    socket.on('error', () => {});
    socket.write(p.connect({ version: 4, clientId }));
    const closed = new Promise<null>((resolve) => socket.once('close', () => resolve(null)));
    const connack = await Promise.race([
      new Promise<Buffer>((resolve) => socket.once('data', resolve)),
      closed,
    ]);
    socket.destroy();
    if (connack?.[3] === 0) return performance.now() - began;
    await delay(50);
  }
}

export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(Math.floor(sorted.length * q), sorted.length - 1)] ?? NaN;
}

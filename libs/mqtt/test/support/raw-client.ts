import { connect, type Socket } from 'node:net';

/** A packet from the server: its first byte and its body. */
export interface Received {
  first: number;
  body: Buffer;
}

/** A socket that sends bytes and collects whole packets. */
export class RawClient {
  readonly socket: Socket;
  /** Resolves when the server closed the connection. */
  readonly closed: Promise<void>;
  readonly received: Received[] = [];
  #bytes = Buffer.alloc(0);
  #waiting: (() => void)[] = [];
  #isClosed = false;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk) => this.#take(chunk));
    socket.on('error', () => {});
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        this.#isClosed = true;
        resolve();
        this.#wake();
      });
    });
  }

  static async open(port: number): Promise<RawClient> {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return new RawClient(socket);
  }

  send(...packets: Buffer[]): this {
    this.socket.write(Buffer.concat(packets));
    return this;
  }

  /** The next packet; null if the connection closed first. */
  async next(): Promise<Received | null> {
    const deadline = AbortSignal.timeout(5_000);
    while (this.received.length === 0) {
      if (this.#isClosed) return null;
      await new Promise<void>((resolve, reject) => {
        this.#waiting.push(resolve);
        deadline.addEventListener('abort', () => reject(new Error('no packet within 5 s')), { once: true });
      });
    }
    return this.received.shift() ?? null;
  }

  /** The next packet as hex, first byte and body apart: '40 0001'. */
  async nextHex(): Promise<string> {
    const packet = await this.next();
    return packet === null
      ? 'closed'
      : `${packet.first.toString(16)} ${packet.body.toString('hex')}`.trimEnd();
  }

  /** The next `count` packets as hex. */
  async hexes(count: number): Promise<string[]> {
    const all: string[] = [];
    for (let index = 0; index < count; index++) all.push(await this.nextHex());
    return all;
  }

  destroy(): void {
    this.socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    for (;;) {
      const packet = cut(this.#bytes);
      if (packet === null) break;
      this.#bytes = this.#bytes.subarray(packet.bytes);
      this.received.push(packet);
    }
    this.#wake();
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

function cut(bytes: Buffer): (Received & { bytes: number }) | null {
  let length = 0;
  for (let at = 1; at < bytes.length; at++) {
    length |= (bytes[at]! & 127) << (7 * (at - 1));
    if (bytes[at]! < 128) {
      const end = at + 1 + length;
      if (bytes.length < end) return null;
      return { first: bytes[0]!, body: bytes.subarray(at + 1, end), bytes: end };
    }
  }
  return null;
}

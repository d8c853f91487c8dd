import { connect, type Socket } from 'node:net';
import { BenchError } from '../errors.ts';

const FIRST_BYTES = 4 * 1024 * 1024;
const PREFIX = 4;

/**
 * One connection to a broker with one request at a time. Answers are read by the kernel straight into one buffer that is used
 * again and again: an answer is valid until the next request.
 */
export class BrokerLink implements Disposable {
  readonly #socket: Socket;
  #buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #filled = 0;
  #correlation = 0;
  #waiting: PromiseWithResolvers<Buffer> | undefined;
  #failure: Error | undefined;

  private constructor(host: string, port: number) {
    this.#socket = connect({
      host,
      port,
      noDelay: true,
      onread: { buffer: () => this.#buffer.subarray(this.#filled), callback: (length) => this.#read(length) },
    });
    const fail = (reason: string): void => {
      this.#failure ??= new BenchError('kafka-protocol', `${host}:${port}: ${reason}`);
      this.#waiting?.reject(this.#failure);
    };
    this.#socket.on('error', ({ message }) => fail(message));
    this.#socket.on('close', () => fail('the broker closed the connection'));
  }

  static async to(host: string, port: number): Promise<BrokerLink> {
    const link = new BrokerLink(host, port);
    await new Promise<void>((resolve, reject) => {
      link.#socket.once('connect', resolve);
      link.#socket.once('error', reject);
    });
    return link;
  }

  /** Sends a request in the header of version 1. Resolves to the answer's body. */
  async request(apiKey: number, version: number, body: Buffer): Promise<Buffer> {
    if (this.#failure) throw this.#failure;
    const head = Buffer.alloc(14);
    head.writeInt32BE(head.length - PREFIX + body.length);
    head.writeInt16BE(apiKey, 4);
    head.writeInt16BE(version, 6);
    head.writeInt32BE(++this.#correlation, 8);
    head.writeInt16BE(-1, 12); // no client id
    this.#waiting = Promise.withResolvers();
    this.#socket.write(Buffer.concat([head, body]));
    return this.#waiting.promise;
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  #read(length: number): boolean {
    this.#filled += length;
    if (this.#filled < PREFIX) return true;
    const size = PREFIX + this.#buffer.readInt32BE();
    if (size > this.#buffer.length) {
      const larger = Buffer.allocUnsafeSlow(size);
      this.#buffer.copy(larger, 0, 0, this.#filled);
      this.#buffer = larger;
    }
    if (this.#filled < size) return true;
    this.#filled = 0;
    if (this.#buffer.readInt32BE(PREFIX) === this.#correlation)
      this.#waiting?.resolve(this.#buffer.subarray(PREFIX + 4, size));
    else this.#socket.destroy(new Error('an answer to no request'));
    return true;
  }
}

import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ISocketFactory } from 'kafkajs';

/**
 * Makes the sockets of one producer, so that they can all be cut off for good.
 *
 * kafkajs cannot be stopped otherwise: disconnect() waits for requests in flight, and a send that retries reconnects a
 * producer that was disconnected. A batch written after its successor took over would be a duplicate out of order.
 */
export class FencedSockets {
  readonly #open = new Set<Socket>();
  readonly #met = new Set<string>();
  readonly #onReconnect: (broker: string) => void;
  #severed = false;

  /** @param onReconnect called when a broker is connected to again. */
  constructor(onReconnect: (broker: string) => void) {
    this.#onReconnect = onReconnect;
  }

  get severed(): boolean {
    return this.#severed;
  }

  readonly factory: ISocketFactory = ({ host, port, ssl, onConnect }) => {
    if (this.#severed) throw new Error('the producer is closed');
    const broker = `${host}:${port}`;
    if (this.#met.has(broker)) this.#onReconnect(broker);
    this.#met.add(broker);
    // kafkajs hands over what `ssl` in its options was; true and {} mean the defaults.
    const options = typeof ssl === 'object' ? ssl : {};
    const socket = ssl
      ? connectTls({ host, port, ...(isIP(host) === 0 ? { servername: host } : {}), ...options }, onConnect)
      : connectTcp({ host, port }, onConnect);
    socket.setKeepAlive(true, 60_000);
    // A produce request is written in one piece and the next one waits for its answer: Nagle's algorithm would only hold back its end.
    socket.setNoDelay(true);
    this.#open.add(socket);
    socket.once('close', () => this.#open.delete(socket));
    return socket;
  };

  /** Destroys every socket; from now on the factory throws. */
  sever(): void {
    this.#severed = true;
    for (const socket of this.#open) socket.destroy(new Error('the producer is closed'));
    this.#open.clear();
  }
}

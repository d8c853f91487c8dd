import { connect, createServer, type Server, type Socket } from 'node:net';

/** One request or one answer of the Kafka protocol on its way. */
export interface KafkaFrame {
  /** API key of the request, or of the request that is answered. */
  readonly api: number;
  readonly side: 'request' | 'answer';
}

/** `cut`: it does not arrive, and its connection is reset. */
export type Fate = 'pass' | 'cut';

/** API keys (https://kafka.apache.org/protocol#protocol_api_keys). */
export const KafkaApi = { produce: 0, initProducerId: 22, addPartitionsToTxn: 24, endTxn: 26 } as const;

/**
 * A proxy in front of one broker that knows where requests and answers begin and end, so that a fault can be put before or
 * behind a certain one: its broker has to advertise the proxy's address.
 */
export class KafkaProxy implements AsyncDisposable {
  /** Asked for each frame, one at a time for each connection and direction; what it waits for, the frame waits for. */
  intercept: (frame: KafkaFrame) => Fate | Promise<Fate> = () => 'pass';
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
  }

  /** Listens on a free port of 127.0.0.1 and passes everything on to a port of the same host. */
  static async start(upstreamPort: number): Promise<KafkaProxy> {
    const server = createServer();
    const proxy = new KafkaProxy(server);
    server.on('connection', (client) => proxy.#join(client, connect(upstreamPort, '127.0.0.1')));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    return proxy;
  }

  /** `host:port` that clients connect to. */
  get address(): string {
    const address = this.#server.address();
    return `127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #join(client: Socket, upstream: Socket): void {
    const apis = new Map<number, number>();
    for (const socket of [client, upstream]) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => {});
      socket.on('close', () => {
        this.#sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    this.#pass(client, upstream, (frame) => {
      const api = frame.readInt16BE(4);
      apis.set(frame.readInt32BE(8), api);
      return { api, side: 'request' };
    });
    this.#pass(upstream, client, (frame) => {
      const correlation = frame.readInt32BE(4);
      const api = apis.get(correlation) ?? -1;
      apis.delete(correlation);
      return { api, side: 'answer' };
    });
  }

  #pass(from: Socket, to: Socket, open: (frame: Buffer) => KafkaFrame): void {
    let waiting = Buffer.alloc(0);
    let last = Promise.resolve();
    from.on('data', (chunk: Buffer) => {
      waiting = Buffer.concat([waiting, chunk]);
      while (waiting.length >= 4 && waiting.length >= 4 + waiting.readInt32BE(0)) {
        const size = 4 + waiting.readInt32BE(0);
        const frame = waiting.subarray(0, size);
        waiting = waiting.subarray(size);
        const opened = open(frame);
        last = last.then(async () => {
          const fate = await this.intercept(opened);
          if (fate === 'pass') to.write(frame);
          else {
            from.destroy();
            to.destroy();
          }
        });
      }
    });
  }
}

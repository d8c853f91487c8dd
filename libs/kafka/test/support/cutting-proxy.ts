import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * A TCP proxy that can swallow an answer: the request reaches the server, the client sees its connection reset. That is the
 * failure in which a producer that is not idempotent writes twice.
 */
export class CuttingProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #pairs = new Set<[client: Socket, upstream: Socket]>();
  #cutAt: number | undefined;
  #answers = 0;
  /** Answers swallowed. */
  cuts = 0;
  /** Connections accepted. */
  connections = 0;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** Listens on a port of 127.0.0.1 (0: a free one) and passes everything on to a port of the same host. */
  static async start(port: number, upstreamPort: () => number): Promise<CuttingProxy> {
    const server = createServer();
    const proxy = new CuttingProxy(server);
    server.on('connection', (client) => proxy.#join(client, connect(upstreamPort(), '127.0.0.1')));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', resolve);
    });
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** Swallows every `n`th answer, beginning with the `n`th from now, and resets its connection; 0 ends that. */
  cutEvery(n: number): void {
    this.#cutAt = n === 0 ? undefined : n;
    this.#answers = 0;
  }

  /** Resets all connections. */
  cutAll(): void {
    for (const pair of this.#pairs) this.#cut(pair);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    for (const [client, upstream] of this.#pairs) {
      client.destroy();
      upstream.destroy();
    }
  }

  #join(client: Socket, upstream: Socket): void {
    const pair: [Socket, Socket] = [client, upstream];
    this.#pairs.add(pair);
    this.connections++;
    client.setNoDelay(true);
    upstream.setNoDelay(true);
    client.on('data', (chunk) => upstream.write(chunk));
    upstream.on('data', (chunk) => {
      this.#answers++;
      if (this.#cutAt !== undefined && this.#answers % this.#cutAt === 0) this.#cut(pair);
      else client.write(chunk);
    });
    for (const socket of pair) {
      socket.on('error', () => {});
      socket.on('close', () => {
        this.#pairs.delete(pair);
        client.destroy();
        upstream.destroy();
      });
    }
  }

  #cut(pair: [client: Socket, upstream: Socket]): void {
    const [client, upstream] = pair;
    this.#pairs.delete(pair);
    this.cuts++;
    client.resetAndDestroy();
    // The request has reached the server and is carried out; nobody is there for the answer.
    upstream.end();
  }
}

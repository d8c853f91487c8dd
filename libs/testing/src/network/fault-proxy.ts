import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { FaultyStream, type Flow } from './faulty-stream.ts';

export interface FaultProxyOptions {
  target: { host: string; port: number };
  /** Default: one that the system chooses. */
  port?: number;
}

interface Link {
  client: Socket;
  server: Socket;
  requests: FaultyStream;
  answers: FaultyStream;
}

/**
 * A TCP proxy on 127.0.0.1 that stands between any two and does to their connections what networks do: passes, resets,
 * delays, or swallows what goes one way or both. It begins by passing.
 */
export class FaultProxy implements AsyncDisposable {
  readonly host = '127.0.0.1';
  readonly #server: Server;
  readonly #target: { host: string; port: number };
  readonly #links = new Set<Link>();
  #requests: Flow = { held: false, delayMs: 0 };
  #answers: Flow = { held: false, delayMs: 0 };
  #refusing = false;
  #carriedRequests = 0;
  #carriedAnswers = 0;

  private constructor(target: { host: string; port: number }) {
    this.#target = target;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket));
  }

  static async start({ target, port = 0 }: FaultProxyOptions): Promise<FaultProxy> {
    const proxy = new FaultProxy(target);
    proxy.#server.listen(port, proxy.host);
    await once(proxy.#server, 'listening');
    proxy.#server.unref();
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** `host:port` */
  get address(): string {
    return `${this.host}:${this.port}`;
  }

  /** Connections open now. */
  get connections(): number {
    return this.#links.size;
  }

  /** Bytes that were handed on since the start, each way. */
  get carried(): { requests: number; answers: number } {
    return { requests: this.#carriedRequests, answers: this.#carriedAnswers };
  }

  /** Ends every fault. What was held goes on its way, as what TCP sends again after a network has come back. */
  pass(): void {
    this.#refusing = false;
    this.#set({ held: false, delayMs: 0 }, { held: false, delayMs: 0 });
  }

  /** Resets (RST, both sides) the connections there are, and says how many. New ones are served. */
  reset(): number {
    const count = this.#links.size;
    for (const { client, server } of this.#links) {
      client.resetAndDestroy();
      server.resetAndDestroy();
    }
    return count;
  }

  /** Resets the connections there are and every new one, as a host does where no process listens. */
  refuse(): number {
    this.#refusing = true;
    return this.reset();
  }

  /** Nothing arrives any more, either way; connections stay, new ones are accepted and stay silent. */
  blackHole(): void {
    this.#set({ held: true, delayMs: 0 }, { held: true, delayMs: 0 });
  }

  /** What clients send arrives, what is answered does not. */
  holdAnswers(): void {
    this.#set({ held: false, delayMs: 0 }, { held: true, delayMs: 0 });
  }

  /** What clients send does not arrive; what the target sends does. */
  holdRequests(): void {
    this.#set({ held: true, delayMs: 0 }, { held: false, delayMs: 0 });
  }

  /** Everything takes this many milliseconds longer, each way. */
  delay(delayMs: number): void {
    this.#set({ held: false, delayMs }, { held: false, delayMs });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.reset();
    await closed;
  }

  #set(requests: Flow, answers: Flow): void {
    this.#requests = requests;
    this.#answers = answers;
    for (const link of this.#links) {
      link.requests.flow = requests;
      link.answers.flow = answers;
    }
  }

  #accept(client: Socket): void {
    if (this.#refusing) {
      client.resetAndDestroy();
      return;
    }
    const server = connect({ ...this.#target, allowHalfOpen: true, noDelay: true });
    const link: Link = {
      client,
      server,
      requests: new FaultyStream(client, server, this.#requests, (bytes) => (this.#carriedRequests += bytes)),
      answers: new FaultyStream(server, client, this.#answers, (bytes) => (this.#carriedAnswers += bytes)),
    };
    this.#links.add(link);
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      socket.on('error', () => undefined); // The close that follows is what counts.
      socket.on('close', (failed) => {
        this.#links.delete(link);
        if (failed) other.resetAndDestroy();
        else other.destroySoon();
      });
    }
  }
}

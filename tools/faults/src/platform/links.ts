import { FaultProxy } from '@tributary/testing';

/** The two ends of connections that can be disturbed: `topic-mapper–nats`, all instances of it. */
export type LinkName =
  | 'devices–mqtt-ingress'
  | 'mqtt-ingress–nats'
  | 'session-state–nats'
  | 'topic-mapper–nats'
  | 'kafka-egress–nats'
  | 'control-plane–nats'
  | 'kafka-egress–kafka';

interface Address {
  host: string;
  port: number;
}

/** A proxy for each end of each connection, in groups that can be disturbed together. */
export class Links implements AsyncDisposable {
  readonly #stack = new AsyncDisposableStack();
  readonly #proxies = new Map<LinkName, Map<string, FaultProxy>>();

  /** @param end which of several instances it serves */
  async add(link: LinkName, end: string, target: Address, port?: number): Promise<FaultProxy> {
    const proxy = this.#stack.use(await FaultProxy.start({ target, ...(port !== undefined && { port }) }));
    const ends = this.#proxies.get(link) ?? new Map<string, FaultProxy>();
    this.#proxies.set(link, ends.set(end, proxy));
    return proxy;
  }

  of(link: LinkName): FaultProxy[] {
    return [...(this.#proxies.get(link)?.values() ?? [])];
  }

  /** The proxy of one instance. */
  end(link: LinkName, end: string): FaultProxy {
    const proxy = this.#proxies.get(link)?.get(end);
    if (proxy === undefined) throw new Error(`no proxy ${link} of ${end}`);
    return proxy;
  }

  connections(link: LinkName): number {
    return this.of(link).reduce((sum, { connections }) => sum + connections, 0);
  }

  /** Bytes that went through, both ways. */
  carried(link: LinkName): number {
    return this.of(link).reduce((sum, { carried }) => sum + carried.requests + carried.answers, 0);
  }

  /** Ends every fault of every link. */
  pass(): void {
    for (const proxies of this.#proxies.values()) for (const proxy of proxies.values()) proxy.pass();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

import type { Duplex } from 'node:stream';
import type { TokenRate } from '../token-bucket.ts';
import { ByteBudget } from '../wire/byte-budget.ts';
import { PublishCheck } from '../wire/publish-check.ts';
import type { Parting } from '../wire/server-packet.ts';
import type { ClientConnection } from './client-connection.ts';
import type { ConnectionParts } from './connection-parts.ts';
import { DeadlineWheel } from './deadline-wheel.ts';
import type { EngineOptions } from './engine-options.ts';
import { Handshakes } from './handshakes.ts';
import { limitCounters } from './limit-counters.ts';
import type { Closure, EngineCounters, EngineHost, MqttEngine, StreamInfo } from './mqtt-engine.ts';
import { OutboxFlusher } from './outbox.ts';
import { ReasonCode } from './reason-code.ts';
import { WakeQueue } from './wake-queue.ts';

/** How long a socket stays open for a host that is recording its client's DISCONNECT. */
const RECORDING_LIMIT_MS = 5_000;
/** Packets that carry nothing may come at once as many as in this time, in seconds. */
const CONTROL_BURST_SECONDS = 10;

/** What every engine does alike for all its connections: it makes them, counts them and sees each to its end. */
export abstract class BaseEngine<Context> implements MqttEngine, ConnectionParts<Context> {
  abstract readonly name: string;
  readonly host: EngineHost<Context>;
  readonly limits: EngineOptions;
  readonly counters: EngineCounters = {
    connections: 0,
    packetsReceived: 0,
    packetsSent: 0,
    bytesReceived: 0,
    bytesSent: 0,
    protocolErrors: 0,
    keepAliveTimeouts: 0,
    connectTimeouts: 0,
    writeTimeouts: 0,
    internalErrors: 0,
    limits: limitCounters(),
  };
  readonly wheel = new DeadlineWheel();
  readonly flusher: OutboxFlusher;
  readonly wakeQueue = new WakeQueue();
  readonly publishCheck: PublishCheck;
  readonly handshakes: Handshakes;
  readonly incomplete: ByteBudget;
  readonly controlRate: TokenRate | null;
  /** Open connections, and those whose end the host is still recording, each with whether the host was asked about it. */
  readonly #connections = new Map<ClientConnection<Context>, boolean>();
  #nextId = 1;
  #draining = false;
  #redirect: Parting | null = null;
  #idle: (() => void)[] = [];

  constructor(host: EngineHost<Context>, options: EngineOptions) {
    this.host = host;
    this.limits = options;
    this.flusher = new OutboxFlusher(this.counters);
    this.publishCheck = new PublishCheck(options);
    this.handshakes = new Handshakes(options, this.counters.limits);
    this.incomplete = new ByteBudget(options.maxIncompleteBytes);
    const { maxControlPackets } = options;
    this.controlRate =
      maxControlPackets === 0
        ? null
        : {
            perSecond: maxControlPackets,
            burst: maxControlPackets * CONTROL_BURST_SECONDS,
            now: () => this.wheel.now,
          };
  }

  protected abstract connection(id: number, stream: Duplex, info: StreamInfo): ClientConnection<Context>;

  attach(stream: Duplex, info: StreamInfo): void {
    if (this.#draining) {
      stream.destroy();
      return;
    }
    this.counters.connections++;
    this.#connections.set(this.connection(this.#nextId++, stream, info), false);
  }

  report(error: unknown): void {
    this.limits.report(error);
  }

  asked(connection: ClientConnection<Context>): void {
    this.#connections.set(connection, true);
  }

  closed(connection: ClientConnection<Context>, how: Closure): void {
    // Later than the call that ended it: the host is never called from within its own call.
    queueMicrotask(() => void this.#finish(connection, how));
  }

  get redirect(): Parting | null {
    return this.#redirect;
  }

  async drain(reason: number, serverReference = ''): Promise<void> {
    this.#draining = true;
    const parting = { reason, text: 'the server is going away', serverReference };
    if (serverReference !== '') this.#redirect = parting;
    for (const connection of this.#connections.keys()) connection.sendAway(parting);
    if (this.#connections.size > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  async close(): Promise<void> {
    this.#draining = true;
    const ended = this.drain(ReasonCode.SERVER_SHUTTING_DOWN);
    for (const connection of this.#connections.keys()) connection.destroySocket();
    await ended;
    this.wheel.stop();
  }

  async #finish(connection: ClientConnection<Context>, how: Closure): Promise<void> {
    try {
      const recorded =
        this.#connections.get(connection) === true ? this.host.closed(connection, how) : undefined;
      if (recorded !== undefined) {
        const limit = setTimeout(() => connection.closeSocket(), RECORDING_LIMIT_MS).unref();
        await recorded.finally(() => clearTimeout(limit));
      }
    } catch (error) {
      this.counters.internalErrors++;
      this.report(error);
    }
    connection.closeSocket();
    this.#connections.delete(connection);
    if (this.#connections.size === 0) {
      for (const resolve of this.#idle.splice(0)) resolve();
    }
  }
}

import type { Duplex } from 'node:stream';
import { PublishCheck } from '../wire/publish-check.ts';
import type { ClientConnection } from './client-connection.ts';
import type { ConnectionParts } from './connection-parts.ts';
import { DeadlineWheel } from './deadline-wheel.ts';
import type { EngineOptions } from './engine-options.ts';
import type { Closure, EngineCounters, EngineHost, MqttEngine, StreamInfo } from './mqtt-engine.ts';
import { OutboxFlusher } from './outbox.ts';
import { ReasonCode } from './reason-code.ts';
import { WakeQueue } from './wake-queue.ts';

/** How long a socket stays open for a host that is recording its client's DISCONNECT. */
const RECORDING_LIMIT_MS = 5_000;

/** What every engine does alike for all its connections: it makes them, counts them and sees each to its end. */
export abstract class BaseEngine<Context> implements MqttEngine, ConnectionParts<Context> {
  abstract readonly name: string;
  readonly host: EngineHost<Context>;
  readonly limits: EngineOptions;
  readonly counters: EngineCounters = {
    connections: 0,
    unfinished: 0,
    packetsReceived: 0,
    bytesReceived: 0,
    bytesSent: 0,
    protocolErrors: 0,
    keepAliveTimeouts: 0,
    connectTimeouts: 0,
    writeTimeouts: 0,
    internalErrors: 0,
  };
  readonly wheel = new DeadlineWheel();
  readonly flusher: OutboxFlusher;
  readonly wakeQueue = new WakeQueue();
  readonly publishCheck: PublishCheck;
  /** Open connections, and those whose end the host is still recording, each with whether the host was asked about it. */
  readonly #connections = new Map<ClientConnection<Context>, boolean>();
  #nextId = 1;
  #draining = false;
  #idle: (() => void)[] = [];

  constructor(host: EngineHost<Context>, options: EngineOptions) {
    this.host = host;
    this.limits = options;
    this.flusher = new OutboxFlusher(this.counters);
    this.publishCheck = new PublishCheck(options);
  }

  protected abstract connection(id: number, stream: Duplex, info: StreamInfo): ClientConnection<Context>;

  attach(stream: Duplex, info: StreamInfo): void {
    if (this.#draining) {
      stream.destroy();
      return;
    }
    this.counters.connections++;
    this.counters.unfinished++;
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

  async drain(reason: number): Promise<void> {
    this.#draining = true;
    for (const connection of this.#connections.keys()) {
      connection.disconnect(reason, 'the server is going away');
    }
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

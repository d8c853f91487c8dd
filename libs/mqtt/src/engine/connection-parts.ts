import type { PacketLimits } from '../wire/packet-reader.ts';
import type { PublishCheck } from '../wire/publish-check.ts';
import type { ClientConnection } from './client-connection.ts';
import type { DeadlineWheel } from './deadline-wheel.ts';
import type { Closure, EngineCounters, EngineHost } from './mqtt-engine.ts';
import type { OutboxFlusher } from './outbox.ts';
import type { WakeQueue } from './wake-queue.ts';

/** What the connections of one engine share. */
export interface ConnectionParts<Context> {
  readonly host: EngineHost<Context>;
  readonly limits: ConnectionLimits;
  readonly counters: EngineCounters;
  readonly wheel: DeadlineWheel;
  readonly flusher: OutboxFlusher;
  readonly wakeQueue: WakeQueue;
  readonly publishCheck: PublishCheck;
  report(error: unknown): void;
  /** The host is being asked about this connection, so it must hear of its end. */
  asked(connection: ClientConnection<Context>): void;
  closed(connection: ClientConnection<Context>, how: Closure): void;
}

export interface ConnectionLimits extends PacketLimits {
  receiveMaximum: number;
  topicAliasMaximum: number;
  maxKeepAlive: number;
  maxSessionExpiry: number;
  connectTimeoutMs: number;
  writeTimeoutMs: number;
  lingerMs: number;
}

import type { ByteBudget } from '../wire/byte-budget.ts';
import type { PacketLimits } from '../wire/packet-reader.ts';
import type { PublishCheck } from '../wire/publish-check.ts';
import type { Parting } from '../wire/server-packet.ts';
import type { ClientConnection } from './client-connection.ts';
import type { DeadlineWheel } from './deadline-wheel.ts';
import type { Handshakes } from './handshakes.ts';
import type { Closure, EngineCounters, EngineHost } from './mqtt-engine.ts';
import type { OutboxFlusher } from './outbox.ts';
import type { TokenRate } from '../token-bucket.ts';
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
  /** Where clients are sent whose handshake is under way; null: nobody is sent anywhere. */
  readonly redirect: Parting | null;
  readonly handshakes: Handshakes;
  readonly incomplete: ByteBudget;
  /** Of packets that carry nothing; null: any rate. */
  readonly controlRate: TokenRate | null;
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
  responseInformation: string;
  connectTimeoutMs: number;
  writeTimeoutMs: number;
  lingerMs: number;
  floodPatienceMs: number;
}

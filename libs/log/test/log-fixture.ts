import { jetstream, jetstreamManager, type JetStreamClient, type JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { EMPTY, Envelope, RowKind, type LogShape, type RowInput, type RowView } from '@tributary/contracts';
import { startNats, type NatsServer } from '@tributary/testing';
import { connectNats, Publisher, type AppendWaiter, type LogError } from '../src/mod.ts';

export const shape: LogShape = { generation: 1, partitions: 2 };
export const limits = { maxBytes: 256 * 1024 * 1024, replicas: 1 };

/** A real nats-server and a connection to it. */
export interface LogFixture extends AsyncDisposable {
  server: NatsServer;
  nats: NatsConnection;
  js: JetStreamClient;
  publisher: Publisher;
  manager: JetStreamManager;
}

export async function startLog(): Promise<LogFixture> {
  const server = await startNats();
  const nats = await connectNats({ servers: [server.url], name: 'test' });
  return {
    server,
    nats,
    js: jetstream(nats),
    publisher: new Publisher(nats),
    manager: await jetstreamManager(nats),
    [Symbol.asyncDispose]: async () => {
      await nats.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** A row whose payload is its number. */
export function numbered(n: number, bytes = 0): RowInput {
  const text = String(n);
  return {
    kind: RowKind.publish,
    qos: 1,
    retain: false,
    dup: false,
    packetId: 1,
    protocolVersion: 4,
    receivedMs: Date.now(),
    epoch: 1,
    topic: 'test/numbered',
    clientId: Buffer.from('test'),
    sessionId: EMPTY,
    username: EMPTY,
    trace: EMPTY,
    origin: EMPTY,
    properties: EMPTY,
    payload: Buffer.from(text.padEnd(bytes)),
  };
}

export const numberOf = (row: RowView): number => Number(row.payload.toString());

/** Numbers of all rows in a partition of the log, in order, read independently of the reader under test. */
export async function storedNumbers(
  manager: JetStreamManager,
  stream: string,
  upTo = Infinity,
): Promise<number[]> {
  const { state } = await manager.streams.info(stream);
  const numbers: number[] = [];
  for (let seq = state.first_seq; seq <= Math.min(state.last_seq, upTo); seq++) {
    const message = await manager.streams.getMessage(stream, { seq });
    if (message) for (const row of Envelope.open(message.data)) numbers.push(numberOf(row));
  }
  return numbers;
}

/** Collects what becomes of appended rows. */
export class Outcomes {
  readonly stored: number[] = [];
  readonly failed: { n: number; error: LogError }[] = [];

  waiter(n: number): AppendWaiter {
    return {
      stored: () => this.stored.push(n),
      failed: (error) => this.failed.push({ n, error }),
    };
  }

  get settled(): number {
    return this.stored.length + this.failed.length;
  }
}

export const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

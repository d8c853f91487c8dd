import { setImmediate as turn } from 'node:timers/promises';
import {
  Envelope,
  EnvelopeWriter,
  EMPTY,
  RowKind,
  type DeliveryInput,
  type RowView,
} from '@tributary/contracts';
import { Journal } from '../../src/sessions/journal.ts';
import { JournalCleaner } from '../../src/sessions/journal-cleaner.ts';
import { JournalReplay } from '../../src/sessions/journal-replay.ts';
import { QueueRoom, type QueueLimits } from '../../src/sessions/queue-room.ts';
import { SessionBook } from '../../src/sessions/session-book.ts';
import { SessionPump } from '../../src/sessions/session-pump.ts';

export const incarnations = ['log-a', 'log-b'];

/** A stream in memory with one writer at a time, as far as a journal needs one. */
export class MemoryStream {
  frames: { sequence: number; data: Uint8Array }[] = [];
  last = 0;
  /** Writes wait while this is set. */
  gate: Promise<void> | null = null;
  owner = 0;

  writer(): { write(headers: unknown, data: Uint8Array): Promise<number> } {
    const owner = ++this.owner;
    return {
      write: async (_headers, data) => {
        await turn();
        await this.gate;
        if (owner !== this.owner) throw new Error('deposed');
        this.frames.push({ sequence: ++this.last, data });
        return this.last;
      },
    };
  }

  purge(upTo: number): Promise<void> {
    this.frames = this.frames.filter(({ sequence }) => sequence > upTo);
    return Promise.resolve();
  }
}

/** What was sent to nodes. */
export class RecordingHub {
  readonly sent: { node: string; clientId: string; counter: number; topic: string; dup: boolean }[] = [];
  behind = false;
  away = false;

  isAway(): boolean {
    return this.away;
  }

  isBehind(): boolean {
    return this.behind;
  }

  deliver(node: { instance: string }, _channel: number, deliveries: readonly DeliveryInput[]): void {
    for (const { message, recipients } of deliveries) {
      const { topic } = openMessage(message);
      for (const { clientId, counter = 0, dup = false } of recipients) {
        const name = Buffer.from(clientId).toString();
        this.sent.push({ node: node.instance, clientId: name, counter, topic, dup });
      }
    }
  }
}

function openMessage(bytes: Uint8Array): { topic: string } {
  const length = bytes[6]! | (bytes[7]! << 8);
  return { topic: Buffer.from(bytes.subarray(44, 44 + length)).toString() };
}

export interface Owner {
  book: SessionBook;
  journal: Journal;
  cleaner: JournalCleaner;
  hub: RecordingHub;
  room: QueueRoom;
  drops: string[];
  replay: JournalReplay;
  failed: unknown;
}

/** An owner of the sessions that a stream tells of. `smallBytes` 0: its cleaner writes everything again and again. */
export function owner(
  stream: MemoryStream,
  limits: QueueLimits = { messages: 1_000, bytes: 1_000_000, whenFull: 'newest' },
  smallBytes = 0,
): Owner {
  const replay = new JournalReplay();
  for (const { sequence, data } of stream.frames) replay.read(sequence, data);
  replay.settleOrder();
  replay.positions.adopt(incarnations);
  const hub = new RecordingHub();
  const drops: string[] = [];
  const room = new QueueRoom(100_000_000, (reason) => drops.push(reason));
  const pump = new SessionPump({
    hub,
    onExpired: (entry) => {
      book.discard(entry);
      room.dropped('expired');
    },
    onSent: () => {},
  });
  const { sessions, frames, positions } = replay;
  const result: { failed: unknown } = { failed: null };
  const journal = new Journal({
    writer: stream.writer(),
    epoch: stream.owner,
    frames,
    onStored: () => {
      for (const session of sessions.values()) pump.pump(session);
    },
    onFailed: (error) => (result.failed = error),
  });
  const book = new SessionBook({ sessions, journal, frames, positions, pump, room, limits });
  book.writePositions();
  const cleaner = new JournalCleaner(
    {
      frames,
      liveBytes: () => (smallBytes === 0 ? 0 : room.bytes),
      rewrite: (items) => book.rewrite(items),
      committed: () => journal.committed(),
      purge: (upTo) => stream.purge(upTo),
    },
    smallBytes,
  );
  return Object.assign(result, { book, journal, cleaner, hub, room, drops, replay });
}

/** A row of the log. */
export function row(topic: string, qos: 0 | 1 | 2 = 1, properties: Uint8Array = EMPTY): RowView {
  const writer = new EnvelopeWriter();
  writer.append({
    kind: RowKind.publish,
    qos,
    retain: false,
    dup: false,
    packetId: 1,
    protocolVersion: 5,
    receivedMs: Date.now(),
    epoch: 1,
    topic,
    clientId: Buffer.from('publisher'),
    sessionId: EMPTY,
    username: EMPTY,
    trace: EMPTY,
    origin: EMPTY,
    properties,
    payload: Buffer.from(topic),
  });
  return Envelope.open(writer.finish()).row(0);
}

export function address(
  clientId: string,
  epoch: number,
  sessionId = 's',
): {
  clientId: string;
  node: string;
  nodeEpoch: number;
  epoch: number;
  sessionId: string;
} {
  return { clientId, node: 'node-0', nodeEpoch: 1, epoch, sessionId };
}

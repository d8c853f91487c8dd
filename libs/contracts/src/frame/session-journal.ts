import type { Settled } from '../session-commands.ts';
import { FrameKind, FrameWriter, writeU64 } from './frame.ts';
import type { QoS } from './log-row.ts';

/*
 * The journal of a shard's sessions: what became of them, in order. Whoever reads it from its first message on knows every
 * session, its queue and how far the log has been turned into entries. Rows by their first byte:
 *
 * session   a session as it stands, without its entries; begins one if the id is new, and replaces one with another id
 *   0   1   kind 1
 *   1   1   zero
 *   2   2   length of client id
 *   4   2   length of session id
 *   6   2   number of inbound packet ids
 *   8   8   last counter given
 *   16  8   entries dropped so far
 *   24      inbound packet ids, 2 bytes each; client id, session id (UTF-8)
 *
 * end       of a session, with all its entries
 *   0   1   kind 2
 *   1   1   zero
 *   2   2   length of client id
 *   4       client id
 *
 * entries   one message, once, and whose queues it entered
 *   0   1   kind 3
 *   1   1   flags: bit 0 made from a row of the log, bit 1 all recipients of that row have been written now
 *   2   2   number of recipients
 *   4   4   log partition
 *   8   8   sequence of the message's envelope in its log partition
 *   16  4   index of the row in that envelope
 *   20  4   length of the message's row
 *   24      the message's row, verbatim as in the log
 *           then per recipient:
 *   0   1   flags: bits 0-1 QoS of the delivery, bit 2 retain, bit 3 received (PUBREC came)
 *   1   1   number of subscription identifiers
 *   2   2   length of client id
 *   4   2   length of the shared subscription it came by
 *   6   2   zero
 *   8   8   counter
 *   16      subscription identifiers, 4 bytes each; client id, shared subscription (UTF-8)
 *
 * settle    of an entry
 *   0   1   kind 4
 *   1   1   stage (Settled)
 *   2   2   length of client id
 *   4   8   counter
 *   12      client id
 *
 * inbound   a QoS 2 flow of the device itself has begun or ended
 *   0   1   kind 5
 *   1   1   1: begun, 0: ended
 *   2   2   length of client id
 *   4   4   log partition
 *   8   8   sequence of the envelope
 *   16  4   index of the row
 *   20  2   packet id
 *   22  2   zero
 *   24      client id
 *
 * logs      how far each log partition has been turned into entries by now; what was said before of another incarnation, or
 *           is not said any more because the journal was shortened, means nothing
 *   0   1   kind 6
 *   1   1   zero
 *   2   2   number of partitions
 *   4       per partition: 8 bytes sequence of the last envelope, 4 bytes index of the last row in it, 2 bytes length of
 *           incarnation, incarnation (ASCII)
 */
export const JournalKind = { session: 1, end: 2, entries: 3, settle: 4, inbound: 5, logs: 6 } as const;

/** Of `entries`. */
export const FROM_LOG = 1;
export const LAST_PART = 2;
export const ENTRIES_FIXED = 24;
/** Of one of its recipients. */
export const RETAIN = 4;
export const RECEIVED = 8;
export const RECIPIENT_FIXED = 16;

/** Where in the log a row stands. */
export interface LogPlace {
  partition: number;
  logSequence: number;
  row: number;
}

export interface JournalSession {
  clientId: string;
  sessionId: string;
  lastCounter: number;
  dropped: number;
  inbound: readonly number[];
}

export interface JournalRecipient {
  clientId: string;
  counter: number;
  qos: QoS;
  retain: boolean;
  received: boolean;
  /** The shared subscription it came by, as in SUBSCRIBE; '': none. */
  share: string;
  subscriptionIds: readonly number[];
}

export interface JournalEntries {
  /** Null if it was not made from a row of the log now: a retained message, or an entry written again. */
  place: LogPlace | null;
  /** With it all recipients of the row of the log are written. */
  complete: boolean;
  /** The message's row, verbatim. */
  message: Uint8Array;
  recipients: readonly JournalRecipient[];
}

/** How far one log partition has been turned into entries. */
export interface JournalLog {
  incarnation: string;
  logSequence: number;
  row: number;
}

export interface JournalInbound {
  clientId: string;
  packetId: number;
  open: boolean;
  place: LogPlace;
}

/** Builds frames of a journal. */
export class JournalFrameWriter {
  readonly #frame = new FrameWriter(FrameKind.journal, 64 * 1024);

  get rows(): number {
    return this.#frame.rows;
  }

  get bytes(): number {
    return this.#frame.bytes;
  }

  session({ clientId, sessionId, lastCounter, dropped, inbound }: JournalSession): void {
    const room = (clientId.length + sessionId.length) * 3;
    const body = this.#begin(JournalKind.session, 0, 24 + inbound.length * 2 + room);
    const { view, buffer } = this.#frame;
    view.setUint16(body + 6, inbound.length, true);
    writeU64(view, body + 8, lastCounter);
    writeU64(view, body + 16, dropped);
    let at = body + 24;
    for (const packetId of inbound) {
      view.setUint16(at, packetId, true);
      at += 2;
    }
    const clientBytes = buffer.write(clientId, at, 'utf8');
    const sessionBytes = buffer.write(sessionId, at + clientBytes, 'utf8');
    view.setUint16(body + 2, clientBytes, true);
    view.setUint16(body + 4, sessionBytes, true);
    this.#frame.commit(at + clientBytes + sessionBytes);
  }

  end(clientId: string): void {
    const body = this.#begin(JournalKind.end, 0, 4 + clientId.length * 3);
    this.#client(body, 4, clientId);
  }

  entries({ place, complete, message, recipients }: JournalEntries): void {
    let room = ENTRIES_FIXED + message.length;
    for (const { clientId, share, subscriptionIds } of recipients) {
      room += RECIPIENT_FIXED + subscriptionIds.length * 4 + (clientId.length + share.length) * 3;
    }
    const flags = (place === null ? 0 : FROM_LOG) | (complete ? LAST_PART : 0);
    const body = this.#begin(JournalKind.entries, flags, room);
    const { view, buffer } = this.#frame;
    view.setUint16(body + 2, recipients.length, true);
    this.#place(body + 4, place ?? NOWHERE);
    view.setUint32(body + 20, message.length, true);
    buffer.set(message, body + ENTRIES_FIXED);
    let at = body + ENTRIES_FIXED + message.length;
    for (const recipient of recipients) at = this.#recipient(at, recipient);
    this.#frame.commit(at);
  }

  settle(clientId: string, counter: number, stage: Settled): void {
    const body = this.#begin(JournalKind.settle, stage, 12 + clientId.length * 3);
    writeU64(this.#frame.view, body + 4, counter);
    this.#client(body, 12, clientId);
  }

  inbound({ clientId, packetId, open, place }: JournalInbound): void {
    const body = this.#begin(JournalKind.inbound, open ? 1 : 0, 24 + clientId.length * 3);
    this.#place(body + 4, place);
    this.#frame.view.setUint32(body + 20, packetId, true);
    this.#client(body, 24, clientId);
  }

  logs(logs: readonly JournalLog[]): void {
    const room = logs.reduce((sum, { incarnation }) => sum + 14 + incarnation.length, 4);
    const body = this.#begin(JournalKind.logs, 0, room);
    const { view, buffer } = this.#frame;
    view.setUint16(body + 2, logs.length, true);
    let at = body + 4;
    for (const { incarnation, logSequence, row } of logs) {
      writeU64(view, at, logSequence);
      view.setUint32(at + 8, row, true);
      view.setUint16(at + 12, incarnation.length, true);
      at += 14 + buffer.write(incarnation, at + 14, 'latin1');
    }
    this.#frame.commit(at);
  }

  /** The frame, in memory of its own; the writer is empty afterwards. */
  finish(): Buffer {
    return this.#frame.finish();
  }

  #begin(kind: number, flags: number, room: number): number {
    const body = this.#frame.begin(room);
    this.#frame.view.setUint32(body, kind | (flags << 8), true);
    return body;
  }

  #place(at: number, { partition, logSequence, row }: LogPlace): void {
    const { view } = this.#frame;
    view.setUint32(at, partition, true);
    writeU64(view, at + 4, logSequence);
    view.setUint32(at + 12, row, true);
  }

  /** A row's last field. */
  #client(body: number, offset: number, clientId: string): void {
    const { view, buffer } = this.#frame;
    const bytes = buffer.write(clientId, body + offset, 'utf8');
    view.setUint16(body + 2, bytes, true);
    this.#frame.commit(body + offset + bytes);
  }

  #recipient(at: number, recipient: JournalRecipient): number {
    const { clientId, counter, qos, retain, received, share, subscriptionIds } = recipient;
    const { view, buffer } = this.#frame;
    view.setUint8(at, qos | (retain ? RETAIN : 0) | (received ? RECEIVED : 0));
    view.setUint8(at + 1, subscriptionIds.length);
    view.setUint16(at + 6, 0, true);
    writeU64(view, at + 8, counter);
    let next = at + RECIPIENT_FIXED;
    for (const id of subscriptionIds) {
      view.setUint32(next, id, true);
      next += 4;
    }
    const clientBytes = buffer.write(clientId, next, 'utf8');
    const shareBytes = buffer.write(share, next + clientBytes, 'utf8');
    view.setUint16(at + 2, clientBytes, true);
    view.setUint16(at + 4, shareBytes, true);
    return next + clientBytes + shareBytes;
  }
}

const NOWHERE: LogPlace = { partition: 0, logSequence: 0, row: 0 };

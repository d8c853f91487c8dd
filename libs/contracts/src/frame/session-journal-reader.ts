import { ContractError } from '../errors.ts';
import { Settled } from '../session-commands.ts';
import { FrameKind, openFrame, readU64, type OpenFrame } from './frame.ts';
import { openRow, type QoS, type RowView } from './log-row.ts';
import {
  ENTRIES_FIXED,
  FROM_LOG,
  JournalKind,
  LAST_PART,
  RECEIVED,
  RECIPIENT_FIXED,
  RETAIN,
  type JournalEntries,
  type JournalInbound,
  type JournalLog,
  type JournalRecipient,
  type JournalSession,
  type LogPlace,
} from './session-journal.ts';

/** Entries as they were written, the message opened. */
export type WrittenEntries = Omit<JournalEntries, 'message'> & { message: RowView };

/** What reads a journal. */
export interface JournalVisitor {
  session(session: JournalSession): void;
  end(clientId: string): void;
  entries(entries: WrittenEntries): void;
  settle(clientId: string, counter: number, stage: Settled): void;
  inbound(inbound: JournalInbound): void;
  logs(logs: readonly JournalLog[]): void;
}

/**
 * Shows a visitor every row of one frame, in order.
 * @throws ContractError if the bytes are not exactly one intact frame of a journal.
 */
export function readJournal(bytes: Uint8Array, visitor: JournalVisitor): void {
  const frame = openFrame(bytes, FrameKind.journal);
  for (let index = 0; index < frame.starts.length; index++) {
    new JournalRow(frame, frame.starts[index] ?? 0, frame.ends[index] ?? 0).show(visitor);
  }
}

/** One row, read field by field; what does not fill it exactly is an error. */
class JournalRow {
  readonly #buffer: Buffer;
  readonly #view: DataView;
  readonly #start: number;
  readonly #end: number;

  constructor({ buffer, view }: OpenFrame, start: number, end: number) {
    this.#buffer = buffer;
    this.#view = view;
    this.#start = start;
    this.#end = end;
  }

  show(visitor: JournalVisitor): void {
    this.#need(4);
    switch (this.#byte(0)) {
      case JournalKind.session:
        return visitor.session(this.#session());
      case JournalKind.end:
        return visitor.end(this.#client(4));
      case JournalKind.entries:
        return visitor.entries(this.#entries());
      case JournalKind.settle: {
        this.#need(12);
        const stage = this.#byte(1) === Settled.received ? Settled.received : Settled.done;
        return visitor.settle(this.#client(12), readU64(this.#view, this.#start + 4), stage);
      }
      case JournalKind.inbound:
        this.#need(24);
        return visitor.inbound({
          clientId: this.#client(24),
          packetId: this.#two(20),
          open: this.#byte(1) === 1,
          place: this.#place(4),
        });
      case JournalKind.logs:
        return visitor.logs(this.#logs());
      default:
        throw new ContractError('row-invalid', `journal row kind ${this.#byte(0)} is not known`);
    }
  }

  #session(): JournalSession {
    this.#need(24);
    const inbound: number[] = [];
    const ids = 24 + this.#two(6) * 2;
    const client = ids + this.#two(2);
    this.#fill(client + this.#two(4));
    for (let at = 24; at < ids; at += 2) inbound.push(this.#two(at));
    return {
      clientId: this.#text(ids, client),
      sessionId: this.#text(client, this.#length),
      lastCounter: readU64(this.#view, this.#start + 8),
      dropped: readU64(this.#view, this.#start + 16),
      inbound,
    };
  }

  #entries(): WrittenEntries {
    this.#need(ENTRIES_FIXED);
    const flags = this.#byte(1);
    const messageEnd = ENTRIES_FIXED + this.#view.getUint32(this.#start + 20, true);
    this.#need(messageEnd);
    const message = openRow(this.#buffer.subarray(this.#start + ENTRIES_FIXED, this.#start + messageEnd));
    const recipients: JournalRecipient[] = [];
    let at = messageEnd;
    for (let left = this.#two(2); left > 0; left--) {
      this.#need(at + RECIPIENT_FIXED);
      const bits = this.#byte(at);
      const ids = at + RECIPIENT_FIXED;
      const client = ids + this.#byte(at + 1) * 4;
      const share = client + this.#two(at + 2);
      const end = share + this.#two(at + 4);
      this.#need(end);
      if ((bits & 3) === 3) throw invalid();
      const subscriptionIds: number[] = [];
      for (let id = ids; id < client; id += 4) {
        subscriptionIds.push(this.#view.getUint32(this.#start + id, true));
      }
      recipients.push({
        clientId: this.#text(client, share),
        counter: readU64(this.#view, this.#start + at + 8),
        qos: (bits & 3) as QoS,
        retain: (bits & RETAIN) !== 0,
        received: (bits & RECEIVED) !== 0,
        share: this.#text(share, end),
        subscriptionIds,
      });
      at = end;
    }
    this.#fill(at);
    const place = (flags & FROM_LOG) === 0 ? null : this.#place(4);
    return { place, complete: (flags & LAST_PART) !== 0, message, recipients };
  }

  #logs(): JournalLog[] {
    const logs: JournalLog[] = [];
    let at = 4;
    for (let left = this.#two(2); left > 0; left--) {
      this.#need(at + 14);
      const end = at + 14 + this.#two(at + 12);
      this.#need(end);
      logs.push({
        incarnation: this.#buffer.toString('latin1', this.#start + at + 14, this.#start + end),
        logSequence: readU64(this.#view, this.#start + at),
        row: this.#view.getUint32(this.#start + at + 8, true),
      });
      at = end;
    }
    this.#fill(at);
    return logs;
  }

  get #length(): number {
    return this.#end - this.#start;
  }

  #need(bytes: number): void {
    if (bytes > this.#length) throw invalid();
  }

  #fill(bytes: number): void {
    if (bytes !== this.#length) throw invalid();
  }

  #byte(at: number): number {
    return this.#view.getUint8(this.#start + at);
  }

  #two(at: number): number {
    return this.#view.getUint16(this.#start + at, true);
  }

  #text(from: number, to: number): string {
    return this.#buffer.toString('utf8', this.#start + from, this.#start + to);
  }

  #client(at: number): string {
    this.#fill(at + this.#two(2));
    return this.#text(at, this.#length);
  }

  #place(at: number): LogPlace {
    return {
      partition: this.#view.getUint32(this.#start + at, true),
      logSequence: readU64(this.#view, this.#start + at + 4),
      row: this.#view.getUint32(this.#start + at + 12, true),
    };
  }
}

function invalid(): ContractError {
  return new ContractError('row-invalid', 'the fields of a journal row do not fill it exactly');
}

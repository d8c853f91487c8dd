import {
  openRow,
  Settled,
  type Attached,
  type JournalRecipient,
  type LogPlace,
  type QoS,
  type RowView,
  type SessionAddress,
  type Settlement,
} from '@tributary/contracts';
import { expiresAtOf } from '@tributary/mqtt';
import type { Journal } from './journal.ts';
import type { JournalFrames } from './journal-frames.ts';
import type { LogPositions } from './log-positions.ts';
import type { QueueLimits, QueueRoom } from './queue-room.ts';
import { recipientOf, Session, type Journaled, type QueueEntry } from './session.ts';
import type { SessionPump } from './session-pump.ts';

/** Whose queue a message enters, and how. */
export interface QueueRecipient {
  session: Session;
  qos: QoS;
  retain: boolean;
  subscriptionIds: readonly number[];
  /** The shared subscription it comes by; '': none. */
  share: string;
}

export interface SessionBookOptions {
  sessions: Map<string, Session>;
  journal: Journal;
  frames: JournalFrames;
  positions: LogPositions;
  pump: SessionPump;
  room: QueueRoom;
  limits: QueueLimits;
}

/** Recipients in one row of the journal at most, in bytes of their names and identifiers. */
const RECIPIENT_BYTES = 24 * 1024;

/**
 * The sessions with a queue. Everything happens here in memory at once and is staged in the journal in the same order; what is
 * said to a device waits until it is stored.
 */
export class SessionBook {
  readonly #options: SessionBookOptions;
  readonly #sessions: Map<string, Session>;

  constructor(options: SessionBookOptions) {
    this.#options = options;
    this.#sessions = options.sessions;
    for (const session of this.#sessions.values()) {
      for (const entry of session.entries.values()) options.room.entered(entry);
    }
  }

  get size(): number {
    return this.#sessions.size;
  }

  get(clientId: string): Session | undefined {
    return this.#sessions.get(clientId);
  }

  /** The client's session if it is the one with this id. */
  session(clientId: string, sessionId: string): Session | undefined {
    const session = this.#sessions.get(clientId);
    return session?.sessionId === sessionId ? session : undefined;
  }

  /** Sessions that nobody serves. */
  get detached(): number {
    let detached = 0;
    for (const { attachment } of this.#sessions.values()) if (attachment === null) detached++;
    return detached;
  }

  values(): Iterable<Session> {
    return this.#sessions.values();
  }

  /**
   * A connection takes up its session, or begins one. Its deliveries start with `deliverTo`.
   * @returns null if a newer connection has done so already
   */
  open(
    { clientId, sessionId, epoch }: SessionAddress,
    resume: boolean,
  ): (Attached & { session: Session }) | null {
    const known = this.#sessions.get(clientId);
    if (known !== undefined && known.epoch > epoch) return null;
    if (known?.sessionId === sessionId) {
      if (known.epoch !== epoch) known.detach();
      known.epoch = epoch;
      const released = [...known.entries.values()].filter(({ received }) => received);
      return {
        session: known,
        // An answer that was lost is asked for again: who began it then begins it now.
        present: resume && known.bornEpoch !== epoch,
        inbound: [...known.inbound],
        released: released.map(({ counter }) => counter),
      };
    }
    if (known !== undefined) this.end(known);
    const session = new Session(clientId, sessionId, epoch, epoch);
    this.#sessions.set(clientId, session);
    this.#writeSession(session);
    return { session, present: false, inbound: [], released: [] };
  }

  /** The queue goes to this connection from now on, unless a newer one has come. */
  deliverTo(session: Session, address: SessionAddress, receiveMaximum: number): void {
    const { node, nodeEpoch, epoch } = address;
    if (session.epoch !== epoch || session.at < 0 || session.attachment !== null) return;
    session.attach({ node, nodeEpoch, epoch, window: receiveMaximum });
    this.#options.pump.pump(session);
  }

  /** The connection with this epoch is over; the session stays. */
  detach(session: Session, epoch: number): void {
    if (session.epoch <= epoch) session.detach();
  }

  /** The session is over; what its queue held is gone. */
  end(session: Session): void {
    const { journal, frames, room } = this.#options;
    for (const entry of session.entries.values()) {
      room.left(entry);
      frames.forget(entry);
    }
    session.entries.clear();
    session.detach();
    frames.forget(session);
    if (this.#sessions.get(session.clientId) === session) this.#sessions.delete(session.clientId);
    journal.end(session.clientId);
  }

  /**
   * Puts a message into queues.
   * @param place the row of the log it is made from, with all recipients it has; null for a retained message
   */
  enqueue(row: RowView, place: LogPlace | null, recipients: readonly QueueRecipient[]): void {
    const { positions, room } = this.#options;
    const news = recipients.filter(
      ({ session }) => session.at >= 0 && (place === null || !positions.isPast(place, session.clientId)),
    );
    if (news.length === 0) return;
    const message = openRow(Buffer.from(row.bytes));
    const expiresAtMs = expiresAtOf(message);
    const entries: QueueEntry[] = [];
    for (const { session, qos, retain, subscriptionIds, share } of news) {
      if (!this.#makeRoom(session, message)) {
        session.dropped++;
        continue;
      }
      const counter = session.lastCounter + 1;
      const delivery = { session, counter, message, qos, retain, subscriptionIds, share, expiresAtMs };
      const entry: QueueEntry = { ...delivery, received: false, sent: 'no', at: 0 };
      session.add(entry);
      room.entered(entry);
      entries.push(entry);
    }
    this.#writeEntries(message, entries, place);
  }

  /** What devices have done with their deliveries. Old connections say nothing any more. */
  settle(settlements: readonly Settlement[]): void {
    const { journal, pump } = this.#options;
    for (const [clientId, epoch, counter, stage] of settlements) {
      const session = this.#sessions.get(clientId);
      if (session?.epoch !== epoch) continue;
      const entry = session.entries.get(counter);
      if (entry === undefined || (stage === Settled.received && entry.received)) continue;
      journal.settle(clientId, counter, stage);
      if (stage === Settled.received) {
        entry.received = true;
        continue;
      }
      this.#remove(entry);
      if (session.attachment === null) continue;
      session.inFlight--;
      pump.pump(session);
    }
  }

  /** A QoS 2 flow of the device has begun or ended. */
  inbound(clientId: string, sessionId: string, packetId: number, open: boolean, place: LogPlace): void {
    const session = this.session(clientId, sessionId);
    if (session === undefined || session.inbound.has(packetId) === open) return;
    if (open) session.inbound.add(packetId);
    else session.inbound.delete(packetId);
    this.#options.journal.inbound({ clientId, packetId, open, place });
  }

  /** Takes an entry out of its queue: it has expired, or goes another way. */
  discard(entry: QueueEntry): void {
    this.#options.journal.settle(entry.session.clientId, entry.counter, Settled.done);
    this.#remove(entry);
  }

  /** Writes again what the journal holds in a frame that is to go. */
  rewrite(items: Iterable<Journaled>): void {
    const byMessage = new Map<RowView, QueueEntry[]>();
    for (const item of items) {
      if (item instanceof Session) {
        this.#writeSession(item);
        continue;
      }
      if (item === this.#options.positions) {
        this.writePositions();
        continue;
      }
      const entry = item as QueueEntry;
      const sharing = byMessage.get(entry.message);
      if (sharing === undefined) byMessage.set(entry.message, [entry]);
      else sharing.push(entry);
    }
    for (const [message, entries] of byMessage) this.#writeEntries(message, entries, null);
  }

  /** Says in the journal how far the log has come, so that what said so before may go. */
  writePositions(): void {
    const { journal, positions } = this.#options;
    journal.logs(positions, positions.save());
  }

  /** Whether the queue takes one more; the oldest may give way. */
  #makeRoom(session: Session, message: RowView): boolean {
    const { room, limits } = this.#options;
    const full = (): boolean =>
      session.entries.size >= limits.messages ||
      (session.entries.size > 0 && session.bytes + message.bytes.length > limits.bytes);
    if (full()) this.#discardExpired(session);
    while (limits.whenFull === 'oldest' && full()) {
      const oldest = session.unsent();
      if (oldest === null) break;
      this.discard(oldest);
      session.dropped++;
      room.dropped('queue-full');
    }
    if (full()) {
      room.dropped('queue-full');
      return false;
    }
    return room.takes(message.bytes.length);
  }

  #discardExpired(session: Session): void {
    const now = Date.now();
    for (const entry of session.entries.values()) {
      const inFlight = entry.received || (session.attachment !== null && entry.counter < session.next);
      if (inFlight || entry.expiresAtMs === 0 || entry.expiresAtMs > now) continue;
      this.discard(entry);
      this.#options.room.dropped('expired');
    }
  }

  #remove(entry: QueueEntry): void {
    const { frames, room } = this.#options;
    entry.session.remove(entry);
    room.left(entry);
    frames.forget(entry);
  }

  #writeSession(session: Session): void {
    const { clientId, sessionId, lastCounter, dropped, inbound } = session;
    this.#options.journal.session(session, {
      clientId,
      sessionId,
      lastCounter,
      dropped,
      inbound: [...inbound],
    });
  }

  #writeEntries(message: RowView, entries: readonly QueueEntry[], place: LogPlace | null): void {
    const { journal, positions } = this.#options;
    for (let at = 0; at < entries.length;) {
      const recipients: JournalRecipient[] = [];
      const from = at;
      for (let bytes = 0; at < entries.length && bytes < RECIPIENT_BYTES; at++) {
        const entry = entries[at];
        if (entry === undefined) break;
        recipients.push(recipientOf(entry));
        bytes +=
          16 + entry.subscriptionIds.length * 4 + entry.session.clientIdBytes.length + entry.share.length;
      }
      const complete = at === entries.length;
      journal.entries(entries.slice(from, at), { place, complete, message: message.bytes, recipients });
      if (place !== null)
        positions.note(
          place,
          complete,
          recipients.map(({ clientId }) => clientId),
        );
    }
  }
}

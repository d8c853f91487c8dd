import {
  openRow,
  readJournal,
  Settled,
  type JournalInbound,
  type JournalLog,
  type JournalSession,
  type JournalVisitor,
  type WrittenEntries,
} from '@tributary/contracts';
import { expiresAtOf } from '@tributary/mqtt';
import { JournalFrames } from './journal-frames.ts';
import { LogPositions } from './log-positions.ts';
import { Session, type Journaled } from './session.ts';

/** Every session as the journal tells it: what an owner knows when it has read the journal to its end. */
export class JournalReplay implements JournalVisitor {
  readonly sessions = new Map<string, Session>();
  readonly positions = new LogPositions();
  readonly frames = new JournalFrames();
  #touched: Journaled[] = [];

  /** Takes one message of the journal. @throws ContractError */
  read(sequence: number, data: Uint8Array): void {
    this.#touched = [];
    readJournal(data, this);
    this.frames.stored(sequence, data.length, this.#touched);
  }

  /** Entries that were written again stand behind younger ones: puts them in order. Call it once, at the end. */
  settleOrder(): void {
    for (const session of this.sessions.values()) {
      const entries = [...session.entries.values()].sort((a, b) => a.counter - b.counter);
      session.entries.clear();
      for (const entry of entries) session.entries.set(entry.counter, entry);
      session.rewind();
    }
  }

  session({ clientId, sessionId, lastCounter, dropped, inbound }: JournalSession): void {
    const known = this.#session(clientId);
    if (known.sessionId === '') known.sessionId = sessionId;
    if (known.sessionId !== sessionId) this.end(clientId);
    const session = this.#session(clientId);
    session.sessionId = sessionId;
    session.lastCounter = Math.max(session.lastCounter, lastCounter);
    session.dropped = dropped;
    session.inbound.clear();
    for (const packetId of inbound) session.inbound.add(packetId);
    this.#touched.push(session);
  }

  end(clientId: string): void {
    const session = this.sessions.get(clientId);
    if (session === undefined) return;
    for (const entry of session.entries.values()) this.frames.forget(entry);
    this.frames.forget(session);
    this.sessions.delete(clientId);
  }

  entries({ place, complete, message, recipients }: WrittenEntries): void {
    // A copy, so that one message does not keep the whole frame alive.
    const own = openRow(Buffer.from(message.bytes));
    const expiresAtMs = expiresAtOf(own);
    for (const { clientId, counter, ...delivery } of recipients) {
      const session = this.#session(clientId);
      const { qos, retain, received, share, subscriptionIds } = delivery;
      const written = session.entries.get(counter);
      if (written !== undefined) {
        this.#touched.push(written);
        continue;
      }
      // Whether an earlier owner has sent it nobody knows.
      const entry = { session, counter, message: own, qos, retain, subscriptionIds, share, expiresAtMs };
      const journaled = { ...entry, received, sent: 'maybe' as const, at: 0 };
      session.add(journaled);
      this.#touched.push(journaled);
    }
    if (place === null) return;
    this.positions.note(
      place,
      complete,
      recipients.map(({ clientId }) => clientId),
    );
  }

  settle(clientId: string, counter: number, stage: Settled): void {
    const session = this.sessions.get(clientId);
    const entry = session?.entries.get(counter);
    if (session === undefined || entry === undefined) return;
    if (stage === Settled.received) {
      entry.received = true;
      return;
    }
    session.remove(entry);
    this.frames.forget(entry);
  }

  inbound({ clientId, packetId, open }: JournalInbound): void {
    const inbound = this.sessions.get(clientId)?.inbound;
    if (open) inbound?.add(packetId);
    else inbound?.delete(packetId);
  }

  /** What says that a session exists may have been written again, behind entries of it that still stand where they did. */
  #session(clientId: string): Session {
    let session = this.sessions.get(clientId);
    if (session === undefined) {
      session = new Session(clientId, '', 0, 0);
      this.sessions.set(clientId, session);
    }
    return session;
  }

  logs(logs: readonly JournalLog[]): void {
    this.positions.restore(logs);
    this.#touched.push(this.positions);
  }
}

import type { JournalRecipient, QoS, RowView } from '@tributary/contracts';

/** Something that the journal holds. */
export interface Journaled {
  /** Sequence in the journal of what says so last; 0: not stored yet, -1: it is no more. */
  at: number;
}

/** One QoS 1 or 2 message in the queue of one session, until the device has settled it. */
export interface QueueEntry extends Journaled {
  readonly session: Session;
  /** Place in the queue: 1, 2, 3 ... without gaps, over the whole life of the session. */
  readonly counter: number;
  /** In memory of its own, shared by all queues it is in. */
  readonly message: RowView;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly subscriptionIds: readonly number[];
  /** The shared subscription it came by; '': none. */
  readonly share: string;
  /** Milliseconds since the epoch after which it is not sent any more; 0: never. */
  readonly expiresAtMs: number;
  /** PUBREC has come. */
  received: boolean;
  /** Whether it has been handed to a node. What an earlier owner did nobody knows. */
  sent: 'no' | 'maybe' | 'yes';
}

/** The connection that a session's queue is sent to. */
export interface Attachment {
  node: string;
  nodeEpoch: number;
  /** Connection epoch. */
  epoch: number;
  /** Entries on their way to the device at once. */
  window: number;
}

/** What an entry costs in memory besides its message, roughly, in bytes. */
const ENTRY_BYTES = 200;

/** A session with a queue: one that outlives its connection, or that takes part in a shared subscription. */
export class Session implements Journaled {
  readonly clientId: string;
  readonly clientIdBytes: Uint8Array;
  /** '' while a journal is read that has shown entries of it, but not yet the session. */
  sessionId: string;
  at = 0;
  /** Epoch of the last connection that took it up. */
  epoch: number;
  /** Epoch of the connection that began it; 0 if that was under an earlier owner. */
  readonly bornEpoch: number;
  attachment: Attachment | null = null;
  /** In the order of their counters. */
  readonly entries = new Map<number, QueueEntry>();
  lastCounter = 0;
  /** Entries that found the queue full, over the life of the session. */
  dropped = 0;
  /** QoS 2 packet ids of the device whose flow is open: its PUBLISH is in the log, its PUBREL is not. */
  readonly inbound = new Set<number>();
  /** Bytes of its entries, roughly. */
  bytes = 0;
  /** Entries with the attached connection: sent, or received and to be released. */
  inFlight = 0;
  /** Counter of the entry to be looked at next for sending. */
  next = 1;

  constructor(clientId: string, sessionId: string, epoch: number, bornEpoch: number) {
    this.clientId = clientId;
    this.clientIdBytes = Buffer.from(clientId, 'utf8');
    this.sessionId = sessionId;
    this.epoch = epoch;
    this.bornEpoch = bornEpoch;
  }

  add(entry: QueueEntry): void {
    this.entries.set(entry.counter, entry);
    this.bytes += entryBytes(entry);
    if (entry.counter > this.lastCounter) this.lastCounter = entry.counter;
  }

  remove(entry: QueueEntry): void {
    this.entries.delete(entry.counter);
    this.bytes -= entryBytes(entry);
  }

  /** From now on its queue goes to this connection, from its oldest entry on. */
  attach(attachment: Attachment): void {
    this.attachment = attachment;
    this.rewind();
    this.inFlight = 0;
    for (const { received } of this.entries.values()) if (received) this.inFlight++;
  }

  detach(): void {
    this.attachment = null;
    this.inFlight = 0;
  }

  /** The oldest entry not sent to the attached connection yet; it stays until `next` passes it. */
  unsent(): QueueEntry | null {
    for (; this.next <= this.lastCounter; this.next++) {
      const entry = this.entries.get(this.next);
      if (entry !== undefined && !entry.received) return entry;
    }
    return null;
  }

  /** Counter of its oldest entry, or of the next one if it has none. */
  get oldest(): number {
    const [oldest] = this.entries.keys();
    return oldest ?? this.lastCounter + 1;
  }

  /** Looks at its oldest entry next. */
  rewind(): void {
    this.next = this.oldest;
  }
}

export function entryBytes({ message }: QueueEntry): number {
  return ENTRY_BYTES + message.bytes.length;
}

/** How the journal has an entry. */
export function recipientOf(entry: QueueEntry): JournalRecipient {
  const { session, counter, qos, retain, received, share, subscriptionIds } = entry;
  return { clientId: session.clientId, counter, qos, retain, received, share, subscriptionIds };
}

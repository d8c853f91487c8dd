import { PACKET_IDS, type DeliveryInput, type Recipient, type RowView } from '@tributary/contracts';
import type { DeliveryHub } from '../delivery/delivery-hub.ts';
import type { Attachment, QueueEntry, Session } from './session.ts';

/** Channel of what no log partition owns: shard 0. */
export const SHARD_CHANNEL = 0x8000_0000;
/** Recipients of one delivery at most: with its message they must fit in one NATS message. */
const MAX_RECIPIENTS = 200;
/** Pause before a node that was behind is looked at again, in ms. */
const BEHIND_MS = 20;
/** The same for one whose lease is not seen to hold: it is just beginning to be known, or dead, and then its sessions are taken from it. */
const AWAY_MS = 250;

/** What leaves for one node in one round. */
interface Load {
  node: { instance: string; epoch: number };
  deliveries: { input: DeliveryInput; recipients: Recipient[]; message: RowView }[];
  /** The last delivery of each message. */
  byMessage: Map<RowView, number>;
}

export interface SessionPumpOptions {
  hub: Pick<DeliveryHub, 'deliver' | 'isAway' | 'isBehind'>;
  /** An entry has expired before it was sent: it leaves its queue. */
  onExpired(entry: QueueEntry): void;
  onSent(qos: 0 | 1 | 2): void;
}

/**
 * Sends queues to the nodes that serve their sessions: in order, each entry once it is stored, and no more at once than the
 * device takes. What leaves in one turn of the event loop travels together.
 */
export class SessionPump implements Disposable {
  readonly #options: SessionPumpOptions;
  readonly #due = new Set<Session>();
  readonly #behind = new Rest(BEHIND_MS, (session) => this.pump(session));
  readonly #away = new Rest(AWAY_MS, (session) => this.pump(session));
  #immediate: NodeJS.Immediate | null = null;

  constructor(options: SessionPumpOptions) {
    this.#options = options;
  }

  /** There may be something to send: an entry was stored or settled, or the session was attached. */
  pump(session: Session): void {
    if (session.attachment === null) return;
    this.#due.add(session);
    this.#immediate ??= setImmediate(() => this.#round());
  }

  [Symbol.dispose](): void {
    if (this.#immediate !== null) clearImmediate(this.#immediate);
    this.#due.clear();
    this.#behind[Symbol.dispose]();
    this.#away[Symbol.dispose]();
  }

  #round(): void {
    this.#immediate = null;
    const loads = new Map<string, Load>();
    const now = Date.now();
    for (const session of this.#due) this.#collect(session, loads, now);
    this.#due.clear();
    for (const { node, deliveries } of loads.values()) {
      const inputs = deliveries.map(({ input }) => input);
      // They are in the journal, so the log need not keep them.
      this.#options.hub.deliver(node, SHARD_CHANNEL, inputs, { logSequence: 0, holdsFrom: Infinity });
    }
  }

  #collect(session: Session, loads: Map<string, Load>, now: number): void {
    const { attachment } = session;
    if (attachment === null) return;
    const { hub, onExpired, onSent } = this.#options;
    let load: Load | null = null;
    // A message that several clients of a node get travels once, unless that would put it before an older one of this session.
    let last = -1;
    while (session.inFlight < attachment.window) {
      const entry = session.unsent();
      // Its packet identifier is in use until the oldest entry is settled: they go round.
      if (entry === null || entry.at === 0 || entry.counter - session.oldest >= PACKET_IDS) return;
      if (hub.isAway({ instance: attachment.node, epoch: attachment.nodeEpoch }))
        return this.#away.add(session);
      if (hub.isBehind(attachment.node)) return this.#behind.add(session);
      session.next++;
      // What was sent once does not expire any more [MQTT-4.3.3-7].
      if (entry.sent !== 'yes' && entry.expiresAtMs !== 0 && entry.expiresAtMs <= now) {
        onExpired(entry);
        continue;
      }
      session.inFlight++;
      load ??= loadOf(loads, attachment);
      last = put(load, entry, attachment, last);
      entry.sent = 'yes';
      onSent(entry.qos);
    }
  }
}

/** Sessions that are looked at again in a while. */
class Rest implements Disposable {
  readonly #ms: number;
  readonly #wake: (session: Session) => void;
  readonly #sessions = new Set<Session>();
  #timer: NodeJS.Timeout | null = null;

  constructor(ms: number, wake: (session: Session) => void) {
    this.#ms = ms;
    this.#wake = wake;
  }

  add(session: Session): void {
    this.#sessions.add(session);
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      const rested = [...this.#sessions];
      this.#sessions.clear();
      for (const each of rested) this.#wake(each);
    }, this.#ms);
  }

  [Symbol.dispose](): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#sessions.clear();
  }
}

function loadOf(loads: Map<string, Load>, { node, nodeEpoch }: Attachment): Load {
  const key = `${node}#${nodeEpoch}`;
  let load = loads.get(key);
  if (load === undefined) {
    load = { node: { instance: node, epoch: nodeEpoch }, deliveries: [], byMessage: new Map() };
    loads.set(key, load);
  }
  return load;
}

/** @returns the index of the delivery that carries the entry */
function put(load: Load, entry: QueueEntry, { epoch }: Attachment, last: number): number {
  const { session, message, qos, retain, subscriptionIds, counter, sent } = entry;
  const clientId = session.clientIdBytes;
  const recipient: Recipient = { clientId, epoch, qos, retain, subscriptionIds, counter, dup: sent !== 'no' };
  const known = load.byMessage.get(message) ?? -1;
  const delivery = known > last ? load.deliveries[known] : undefined;
  if (delivery !== undefined && delivery.recipients.length < MAX_RECIPIENTS) {
    delivery.recipients.push(recipient);
    return known;
  }
  const recipients = [recipient];
  const input: DeliveryInput = { logSequence: 0, row: 0, message: message.bytes, recipients };
  load.byMessage.set(message, load.deliveries.length);
  load.deliveries.push({ input, recipients, message });
  return load.deliveries.length - 1;
}

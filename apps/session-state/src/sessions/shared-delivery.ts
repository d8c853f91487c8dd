import type { QueueRoom } from './queue-room.ts';
import type { QueueRecipient, SessionBook } from './session-book.ts';
import type { QueueEntry, Session } from './session.ts';
import type { SharedGroup, SharedMember, TopicRoutes } from '../routing/topic-routes.ts';

/** Members looked at for one message at most: the best of so many is good enough. */
const LOOKED_AT = 16;

export interface SharedDeliveryOptions {
  book: SessionBook;
  routes: TopicRoutes;
  room: QueueRoom;
}

/**
 * Picks who of a shared subscription gets a message (MQTT 5, 4.8.2): in turn among those connected, those with room first; if
 * nobody is connected, a member whose session waits for it.
 */
export class SharedDelivery {
  readonly #options: SharedDeliveryOptions;
  /** Whose turn it is, by shared subscription. */
  readonly #turns = new Map<string, number>();

  constructor(options: SharedDeliveryOptions) {
    this.#options = options;
  }

  /**
   * The member that gets the next message.
   * @param connected only one with a connection, as for QoS 0
   */
  pick({ share, members }: SharedGroup, connected: boolean, not?: Session): SharedMember | null {
    const turn = this.#turns.get(share) ?? 0;
    let best: SharedMember | null = null;
    let bestLoad = Infinity;
    const looks = Math.min(members.length, LOOKED_AT);
    for (let look = 0; look < looks; look++) {
      const member = members[(turn + look) % members.length];
      if (member === undefined) continue;
      const session = this.#options.book.session(member.session.clientId, member.session.sessionId);
      if (session === not && not !== undefined) continue;
      const load = loadOf(session);
      if (load >= bestLoad || (connected && load >= OFFLINE)) continue;
      best = member;
      bestLoad = load;
      if (load === 0) break;
    }
    if (best !== null) this.#remember(share, (members.indexOf(best) + 1) % members.length);
    return best;
  }

  /**
   * The connection of a member has ended, or its whole session: what it had of shared subscriptions and has not acknowledged goes
   * to other members that are connected. What began at QoS 2 stays with its session [MQTT-4.8.2-4, MQTT-4.8.2-5].
   */
  memberLost(session: Session, forGood: boolean): void {
    const { book, room } = this.#options;
    for (const entry of [...session.entries.values()]) {
      if (entry.share === '' || (entry.qos === 2 && entry.sent !== 'no')) continue;
      const other = this.#other(entry, session, forGood);
      if (other === null) {
        if (forGood) room.dropped('no-member');
        continue;
      }
      // In this order: a crash in between repeats it rather than losing it.
      book.enqueue(entry.message, null, [other]);
      book.discard(entry);
    }
  }

  #other(entry: QueueEntry, session: Session, forGood: boolean): QueueRecipient | null {
    const { book, routes } = this.#options;
    const group = routes.reached(entry.message.topic).groups.find(({ share }) => share === entry.share);
    const member = group && this.pick(group, !forGood, session);
    const to = member && book.session(member.session.clientId, member.session.sessionId);
    if (!to || to === session) return null;
    const { subscriptionIds, qos } = member;
    return {
      session: to,
      qos: Math.min(qos, entry.message.qos) === 2 ? 2 : 1,
      retain: entry.retain,
      subscriptionIds,
      share: entry.share,
    };
  }

  #remember(share: string, turn: number): void {
    // Names are what devices choose: a group that has not been heard of for long begins with its first member.
    if (this.#turns.size >= MOST_GROUPS && !this.#turns.has(share)) {
      const [oldest] = this.#turns.keys();
      if (oldest !== undefined) this.#turns.delete(oldest);
    }
    this.#turns.set(share, turn);
  }
}

const MOST_GROUPS = 100_000;
const OFFLINE = 1e9;
const NO_QUEUE = 1e12;

/** 0: it has room. Without a queue it cannot be given anything. */
function loadOf(session: Session | undefined): number {
  if (session === undefined) return NO_QUEUE;
  const waiting = session.entries.size;
  if (session.attachment === null) return OFFLINE + waiting;
  return waiting < session.attachment.window ? 0 : waiting;
}

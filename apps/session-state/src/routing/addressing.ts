import type { DeliveryInput, QoS, Recipient, RowView } from '@tributary/contracts';
import type { QueueRecipient, SessionBook } from '../sessions/session-book.ts';
import type { SharedDelivery } from '../sessions/shared-delivery.ts';
import type { SessionEntry } from '../subscriptions/subscription-table.ts';
import type { Reach, Reached } from './topic-routes.ts';

/** What one stretch of the log has for one node. */
export interface NodeDeliveries {
  node: { instance: string; epoch: number };
  deliveries: DeliveryInput[];
  /** First log sequence with a delivery of QoS 1 or 2; Infinity if there is none. */
  holdsFrom: number;
}

/** Recipients of one message on one node. */
export interface AddressedGroup {
  node: { instance: string; epoch: number };
  recipients: Recipient[];
}

/** Who gets one message: those that are served as long as they are connected, by their nodes, and queues. */
export interface Addressed {
  groups: AddressedGroup[];
  queued: QueueRecipient[];
}

/** Recipients per delivery at most: with the message itself they must fit in one NATS message. */
const MAX_RECIPIENTS = 500;

/** How a message goes to one session. */
type Manner = Pick<Reached, 'session' | 'qos' | 'retainAsPublished' | 'subscriptionIds'>;

/** Says who gets a message and how: QoS is the lower of publish and subscription [MQTT-3.8.4-8]. */
export class Addressing {
  readonly #book: SessionBook;
  readonly #shared: SharedDelivery;

  constructor(book: SessionBook, shared: SharedDelivery) {
    this.#book = book;
    this.#shared = shared;
  }

  address(row: RowView, { sessions, groups }: Reach): Addressed {
    const addressed = new Collected(this.#book, row);
    let publisher: string | undefined;
    for (const reached of sessions) {
      if (reached.noLocal && reached.session.clientId === (publisher ??= row.clientId)) continue;
      if (row.retain && reached.awaitsRetained) continue;
      addressed.add(reached, '');
    }
    for (const group of groups) {
      const member = this.#shared.pick(group, row.qos === 0);
      if (member !== null) addressed.add(member, group.share);
    }
    return addressed;
  }
}

class Collected implements Addressed {
  readonly groups: AddressedGroup[] = [];
  readonly queued: QueueRecipient[] = [];
  readonly #open = new Map<string, AddressedGroup>();
  readonly #book: SessionBook;
  readonly #row: RowView;

  constructor(book: SessionBook, row: RowView) {
    this.#book = book;
    this.#row = row;
  }

  add({ session: entry, qos, retainAsPublished, subscriptionIds }: Manner, share: string): void {
    const granted = Math.min(qos, this.#row.qos) as QoS;
    const retain = retainAsPublished && this.#row.retain;
    const session = this.#book.session(entry.clientId, entry.sessionId);
    if (session === undefined) {
      this.#toNode(entry, { epoch: entry.epoch, qos: granted, retain, subscriptionIds });
    } else if (granted > 0) {
      this.queued.push({ session, qos: granted, retain, subscriptionIds, share });
    } else if (session.attachment !== null) {
      const { node, nodeEpoch, epoch } = session.attachment;
      this.#toNode({ ...entry, node, nodeEpoch }, { epoch, qos: granted, retain, subscriptionIds });
    }
  }

  #toNode(
    { clientIdBytes, node, nodeEpoch }: SessionEntry,
    how: Pick<Recipient, 'epoch' | 'qos' | 'retain' | 'subscriptionIds'>,
  ): void {
    const key = `${node}#${nodeEpoch}`;
    let group = this.#open.get(key);
    if (group === undefined || group.recipients.length >= MAX_RECIPIENTS) {
      group = { node: { instance: node, epoch: nodeEpoch }, recipients: [] };
      this.#open.set(key, group);
      this.groups.push(group);
    }
    group.recipients.push({ clientId: clientIdBytes, ...how });
  }
}

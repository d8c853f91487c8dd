import type { DeliveryInput, QoS, Recipient, RowView } from '@tributary/contracts';
import type { SessionEntry } from '../subscriptions/subscription-table.ts';
import type { Reached } from './topic-routes.ts';

/** What one stretch of the log has for one node. */
export interface NodeDeliveries {
  node: { instance: string; epoch: number };
  deliveries: DeliveryInput[];
  /** First log sequence with a delivery of QoS 1 or 2; Infinity if there is none. */
  holdsFrom: number;
}

/** Recipients of one message on one node; `session` is any of theirs and names the node. */
export interface AddressedGroup {
  session: SessionEntry;
  recipients: Recipient[];
}

/** Recipients per delivery at most: with the message itself they must fit in one NATS message. */
const MAX_RECIPIENTS = 500;

/** Who gets a message and how: QoS is the lower of publish and subscription [MQTT-3.8.4-8]. */
export function addressed(row: RowView, reached: readonly Reached[]): AddressedGroup[] {
  const groups: AddressedGroup[] = [];
  const open = new Map<string, AddressedGroup>();
  let publisher: string | undefined;
  for (const { session, qos, noLocal, retainAsPublished, subscriptionIds } of reached) {
    if (noLocal && session.clientId === (publisher ??= row.clientId)) continue;
    const recipient: Recipient = {
      clientId: session.clientIdBytes,
      epoch: session.epoch,
      qos: Math.min(qos, row.qos) as QoS,
      retain: retainAsPublished && row.retain,
      subscriptionIds,
    };
    const key = `${session.node}#${session.nodeEpoch}`;
    let group = open.get(key);
    if (group === undefined || group.recipients.length >= MAX_RECIPIENTS) {
      group = { session, recipients: [] };
      open.set(key, group);
      groups.push(group);
    }
    group.recipients.push(recipient);
  }
  return groups;
}

import {
  EMPTY,
  Envelope,
  EnvelopeWriter,
  RowKind,
  type DeliveryInput,
  type Recipient,
} from '@tributary/contracts';
import { isSharedFilter } from '@tributary/mqtt';
import type { DeliveryHub } from '../delivery/delivery-hub.ts';
import { retainedMessage, type RetainedMessage } from '../retained/retained-message.ts';
import type { RetainedSource } from '../retained/retained-sender.ts';
import { TopicTree } from '../retained/topic-tree.ts';
import type { SessionEntry, SubscriptionTable } from '../subscriptions/subscription-table.ts';

export interface SysTopicsOptions {
  table: Pick<SubscriptionTable, 'match'>;
  hub: Pick<DeliveryHub, 'deliver' | 'isBehind'>;
  /** Of what no log partition owns. */
  channel: number;
}

interface NodeDeliveries {
  node: { instance: string; epoch: number };
  deliveries: DeliveryInput[];
}

/** Recipients of a delivery at most: with the message they must fit in one NATS message. */
const MAX_RECIPIENTS = 500;

/**
 * The `$SYS` topics: retained messages of QoS 0 that exist in memory only. They are not data of devices, so they go neither
 * through the log nor to Kafka; whoever takes over routing makes them anew.
 */
export class SysTopics {
  readonly #options: SysTopicsOptions;
  readonly #tree = new TopicTree<RetainedMessage>();
  readonly #values = new Map<string, string>();

  constructor(options: SysTopicsOptions) {
    this.#options = options;
  }

  /** What a new subscription finds: retained messages of devices, and these. */
  beside(devices: RetainedSource): RetainedSource {
    const tree = this.#tree;
    return {
      *match(filter) {
        yield* devices.match(filter);
        yield* tree.match(filter);
      },
    };
  }

  /** Takes the values of all topics there are, and sends those that changed to who is subscribed. */
  replace(values: Iterable<[topic: string, value: string]>): void {
    const present = new Set<string>();
    const outgoing = new Map<string, NodeDeliveries>();
    for (const [topic, value] of values) {
      present.add(topic);
      if (this.#values.get(topic) === value) continue;
      this.#values.set(topic, value);
      const message = messageOf(topic, value);
      this.#tree.set(topic, message);
      this.#address(message, outgoing);
    }
    for (const topic of this.#values.keys()) {
      if (present.has(topic)) continue;
      this.#values.delete(topic);
      this.#tree.delete(topic);
    }
    const { hub, channel } = this.#options;
    for (const { node, deliveries } of outgoing.values()) {
      hub.deliver(node, channel, deliveries, { logSequence: 0, holdsFrom: Infinity });
    }
  }

  /** One delivery for each node with a subscriber. */
  #address({ topic, message }: RetainedMessage, outgoing: Map<string, NodeDeliveries>): void {
    const open = new Map<NodeDeliveries, Recipient[]>();
    for (const [session, recipient] of this.#recipients(topic)) {
      if (this.#options.hub.isBehind(session.node)) continue;
      const to = nodeOf(session, outgoing);
      let recipients = open.get(to);
      if (recipients === undefined || recipients.length >= MAX_RECIPIENTS) {
        recipients = [];
        open.set(to, recipients);
        to.deliveries.push({ logSequence: 0, row: 0, message: message.bytes, recipients });
      }
      recipients.push(recipient);
    }
  }

  /** Overlapping subscriptions of a session are one delivery with all their identifiers [MQTT-3.3.4-4]. */
  #recipients(topic: string): Map<SessionEntry, Recipient> {
    const reached = new Map<SessionEntry, Recipient & { subscriptionIds: number[] }>();
    this.#options.table.match(topic, ({ session, subscription }) => {
      // Nobody takes turns with others in watching a broker.
      if (isSharedFilter(subscription.filter)) return;
      const { subscriptionId, retainAsPublished: retain } = subscription;
      const ids = subscriptionId === 0 ? [] : [subscriptionId];
      const known = reached.get(session);
      if (known) {
        known.subscriptionIds.push(...ids);
        known.retain ||= retain;
      } else {
        const { clientIdBytes: clientId, epoch } = session;
        reached.set(session, { clientId, epoch, qos: 0, retain, subscriptionIds: ids });
      }
    });
    return reached;
  }
}

function nodeOf({ node, nodeEpoch }: SessionEntry, outgoing: Map<string, NodeDeliveries>): NodeDeliveries {
  const key = `${node}#${nodeEpoch}`;
  let entry = outgoing.get(key);
  if (entry === undefined) {
    entry = { node: { instance: node, epoch: nodeEpoch }, deliveries: [] };
    outgoing.set(key, entry);
  }
  return entry;
}

function messageOf(topic: string, value: string): RetainedMessage {
  const receivedMs = Date.now();
  const writer = new EnvelopeWriter();
  writer.append({
    kind: RowKind.publish,
    qos: 0,
    retain: true,
    dup: false,
    packetId: 0,
    protocolVersion: 4,
    receivedMs,
    epoch: 0,
    topic,
    clientId: EMPTY,
    sessionId: EMPTY,
    username: EMPTY,
    trace: EMPTY,
    origin: EMPTY,
    properties: EMPTY,
    payload: Buffer.from(value),
  });
  const row = Envelope.open(writer.finish()).row(0);
  return retainedMessage(topic, { receivedMs, partition: 0, logSequence: 0, row: 0 }, row);
}

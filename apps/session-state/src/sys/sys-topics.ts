import { EMPTY, Envelope, EnvelopeWriter, RowKind, type DeliveryInput } from '@tributary/contracts';
import type { DeliveryHub } from '../delivery/delivery-hub.ts';
import { retainedMessage, type RetainedMessage } from '../retained/retained-message.ts';
import type { RetainedSource } from '../retained/retained-sender.ts';
import { TopicTree } from '../retained/topic-tree.ts';
import type { Addressing } from '../routing/addressing.ts';
import type { TopicRoutes } from '../routing/topic-routes.ts';

export interface SysTopicsOptions {
  routes: Pick<TopicRoutes, 'reached'>;
  addressing: Pick<Addressing, 'address'>;
  hub: Pick<DeliveryHub, 'deliver' | 'isBehind'>;
  /** Of what no log partition owns. */
  channel: number;
}

interface NodeDeliveries {
  node: { instance: string; epoch: number };
  deliveries: DeliveryInput[];
}

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

  #address({ topic, message }: RetainedMessage, outgoing: Map<string, NodeDeliveries>): void {
    const { routes, addressing, hub } = this.#options;
    for (const { node, recipients } of addressing.address(message, routes.reached(topic)).groups) {
      if (hub.isBehind(node.instance)) continue;
      const key = `${node.instance}#${node.epoch}`;
      const to = outgoing.get(key) ?? { node, deliveries: [] };
      outgoing.set(key, to);
      to.deliveries.push({ logSequence: 0, row: 0, message: message.bytes, recipients });
    }
  }
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

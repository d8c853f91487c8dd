import { Envelope, RowKind, type DeliveryInput, type LogPlace, type RowView } from '@tributary/contracts';
import type { StreamMessage, StreamReader } from '@tributary/log';
import type { DeliveryHub } from '../delivery/delivery-hub.ts';
import type { RetainedStore } from '../retained/retained-store.ts';
import type { SessionBook } from '../sessions/session-book.ts';
import type { AddressedGroup, Addressing, NodeDeliveries } from './addressing.ts';
import type { Progress } from './progress.ts';
import type { TopicRoutes } from './topic-routes.ts';

export interface RouterOptions {
  partition: number;
  reader: StreamReader;
  /** Envelopes taken at a time, in bytes. */
  batchBytes: number;
  routes: TopicRoutes;
  addressing: Addressing;
  book: SessionBook;
  /** Resolves when queues take more. */
  room(): Promise<void>;
  retained: RetainedStore;
  hub: DeliveryHub;
  progress: Progress;
  counters: RouterCounters;
  /** Called for an envelope whose bytes break the contract: it is passed over. */
  onPoison(sequence: number, error: unknown): void;
}

export interface RouterCounters {
  rows(n: number): void;
  matched(n: number): void;
  delivered(qos: 0 | 1 | 2): void;
  dropped(): void;
}

/**
 * Routes one partition of the log: who subscribes to what was published gets an addressed delivery at its node,
 * and retained messages are remembered. Never waits for a receiver.
 */
export class PartitionRouter {
  readonly #options: RouterOptions;
  /** Receive time of the last row routed, milliseconds since the epoch. */
  #routedMs = 0;
  #idleSinceMs = Date.now();

  constructor(options: RouterOptions) {
    this.#options = options;
  }

  /**
   * Rows received by then have been routed, in milliseconds since the epoch. An idle partition is up to date,
   * less what may still be on its way into the log.
   */
  get routedMs(): number {
    return Math.max(this.#routedMs, this.#idleSinceMs - APPEND_BOUND_MS);
  }

  /** Runs until the reader's signal aborts. @throws LogError 'position-gap' */
  async run(signal: AbortSignal): Promise<void> {
    const { reader, batchBytes, progress, partition, room } = this.#options;
    while (!signal.aborted) {
      await room();
      const messages = await reader.take(batchBytes, 1_000);
      const last = messages.at(-1);
      if (last === undefined) {
        this.#idleSinceMs = Date.now();
        continue;
      }
      this.#route(messages, last.sequence);
      progress.advance(partition, last.sequence);
    }
  }

  #route(messages: readonly StreamMessage[], logSequence: number): void {
    const { hub, partition } = this.#options;
    const byNode = new Map<string, NodeDeliveries>();
    for (const message of messages) this.#routeEnvelope(message, byNode);
    for (const { node, deliveries, holdsFrom } of byNode.values()) {
      hub.deliver(node, partition, deliveries, { logSequence, holdsFrom });
    }
  }

  #routeEnvelope(message: StreamMessage, byNode: Map<string, NodeDeliveries>): void {
    const { onPoison, counters } = this.#options;
    let envelope: Envelope;
    try {
      envelope = Envelope.open(message.data);
    } catch (error) {
      onPoison(message.sequence, error);
      return;
    }
    let matched = 0;
    for (let index = 0; index < envelope.rows; index++) {
      if (this.#routeRow(envelope.row(index), message.sequence, index, byNode)) matched++;
    }
    counters.rows(envelope.rows);
    counters.matched(matched);
  }

  /** @returns whether anybody is subscribed to it */
  #routeRow(row: RowView, logSequence: number, index: number, byNode: Map<string, NodeDeliveries>): boolean {
    const { kind } = row;
    if (kind === RowKind.sessionEnd) return false;
    const { routes, retained, partition, book, addressing } = this.#options;
    if (row.qos === 2 && book.size > 0 && kind !== RowKind.will) {
      this.#flow(row, { partition, logSequence, row: index });
    }
    if (kind === RowKind.release) return false;
    const { retain, receivedMs } = row;
    this.#routedMs = receivedMs;
    // Nobody to route to: not even the topic needs decoding.
    if (!retain && routes.nobody) return false;
    const { topic } = row;
    const place = { partition, logSequence, row: index };
    if (retain) retained.apply(topic, { receivedMs, ...place }, row);
    const reach = routes.reached(topic);
    if (reach.sessions.length + reach.groups.length === 0) return false;
    const { groups, queued } = addressing.address(row, reach);
    if (queued.length > 0) book.enqueue(row, place, queued);
    for (const group of groups) this.#toNode(row, place, group, byNode);
    return true;
  }

  #toNode(row: RowView, place: LogPlace, group: AddressedGroup, byNode: Map<string, NodeDeliveries>): void {
    const { hub, counters } = this.#options;
    const { node, recipients } = group;
    const wanted = hub.isBehind(node.instance) ? recipients.filter(({ qos }) => qos > 0) : recipients;
    for (let n = wanted.length; n < recipients.length; n++) counters.dropped();
    if (wanted.length === 0) return;
    const { logSequence } = place;
    collect(byNode, node, { logSequence, row: place.row, message: row.bytes, recipients: wanted });
    for (const { qos } of wanted) counters.delivered(qos);
  }

  /** A QoS 2 flow of a device begins or ends: whichever node serves its session next must know. */
  #flow(row: RowView, place: LogPlace): void {
    const { clientId, sessionId, packetId, kind } = row;
    this.#options.book.inbound(clientId, sessionId, packetId, kind === RowKind.publish, place);
  }
}

/** A row is appended within this time after it was received, or never: the ingress gives up on it, in ms. */
const APPEND_BOUND_MS = 120_000;

function collect(
  byNode: Map<string, NodeDeliveries>,
  node: { instance: string; epoch: number },
  delivery: DeliveryInput,
): void {
  const key = `${node.instance}#${node.epoch}`;
  let entry = byNode.get(key);
  if (entry === undefined) {
    entry = { node, deliveries: [], holdsFrom: Infinity };
    byNode.set(key, entry);
  }
  entry.deliveries.push(delivery);
  const guaranteed = delivery.recipients.some(({ qos }) => qos > 0);
  if (guaranteed) entry.holdsFrom = Math.min(entry.holdsFrom, delivery.logSequence);
}

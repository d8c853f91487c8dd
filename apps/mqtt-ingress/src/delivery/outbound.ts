import { packetIdOf, Settled, type DeliveryRecipient } from '@tributary/contracts';
import {
  OutboundWindow,
  publishWireBytes,
  ReasonCode,
  withMessageExpiry,
  type DeliveryStage,
  type EngineConnection,
  type OutboundPublish,
  type OutboundWindowLimits,
  type WindowMessage,
} from '@tributary/mqtt';
import type { IngressMetrics } from '../metrics.ts';
import type { Content } from './content.ts';

interface Message extends WindowMessage {
  readonly retain: boolean;
  readonly dup: boolean;
  readonly subscriptionIds: readonly number[];
  /** Let go of once sent: what is in flight needs its packet id only, because this connection never sends it again. */
  content: Content | null;
}

/** The queue of a session, whose entries have counters. */
export interface SessionQueue {
  /** Another connection may go on where this one ends, so a packet id follows from its counter. */
  readonly resumable: boolean;
  /** @param stored called once it is recorded */
  settle(counter: number, stage: Settled, stored: (() => void) | null): void;
}

/** Of the queue of one device, the part that QoS 0 may fill: it must not crowd out what was promised. */
const QOS_0_SHARE = 0.5;

/** What is on its way to one device. */
export class Outbound {
  readonly #connection: EngineConnection;
  readonly #window: OutboundWindow<Message>;
  readonly #limits: OutboundWindowLimits;
  readonly #metrics: IngressMetrics;
  readonly #queue: SessionQueue;
  /** Entries of the session's queue come in their order, so one that is not above this has been here. */
  #lastCounter = 0;
  /** The engine asked to wait. */
  #congested = false;

  constructor(
    connection: EngineConnection,
    limits: OutboundWindowLimits,
    metrics: IngressMetrics,
    queue: SessionQueue,
  ) {
    this.#connection = connection;
    this.#limits = limits;
    this.#window = new OutboundWindow(limits, (message) => this.#drop(message, 'expired'));
    this.#metrics = metrics;
    this.#queue = queue;
  }

  deliver(content: Content, recipient: DeliveryRecipient, now: number): void {
    const { qos, retain, subscriptionIds, counter, dup } = recipient;
    if (qos === 0 && this.#congested && this.#fullForQos0) {
      this.#metrics.dropped('socket-busy');
      return;
    }
    if (counter > 0 && !this.#isNew(counter)) return;
    // What was sent once does not expire any more [MQTT-4.3.3-7].
    const expiresAt = dup ? 0 : content.expiresAt;
    const bytes = publishWireBytes(this.#connection.protocolVersion, {
      ...content.publish,
      qos,
      retain,
      dup,
      packetId: 0,
      subscriptionIdentifiers: subscriptionIds,
    });
    const packetId = this.#packetId(counter);
    const message: Message = {
      qos,
      bytes,
      expiresAt,
      counter,
      packetId,
      retain,
      dup,
      subscriptionIds,
      content,
    };
    const offer = this.#window.offer(message, now);
    if (offer !== 'queued') {
      this.#drop(message, offer);
      return;
    }
    this.#metrics.deliveryPendingBytes += bytes;
    this.#send(now);
    // What waits must not keep the whole batch it came in alive.
    if (message.content !== null) content.detach();
  }

  /**
   * Goes on with QoS 2 deliveries of the session whose PUBREC an earlier connection got [MQTT-4.4.0-1]. They may lie above counters
   * that have yet to come.
   */
  resume(counters: readonly number[]): void {
    for (const counter of counters) {
      const packetId = this.#packetId(counter);
      const flow = { qos: 2, bytes: 0, expiresAt: 0, retain: false, dup: false } as const;
      this.#window.resume({ ...flow, counter, packetId, subscriptionIds: NONE, content: null });
      this.#connection.release(packetId);
    }
  }

  drained(now: number): void {
    this.#congested = false;
    this.#send(now);
  }

  /** @returns false if the device broke the flow and must be sent away. */
  acknowledged(packetId: number, stage: DeliveryStage, reason: number, now: number): boolean {
    const settlement = this.#window.settle(packetId, stage, reason);
    switch (settlement.outcome) {
      case 'mismatch':
        return false;
      case 'done':
        if (settlement.message.counter > 0)
          this.#queue.settle(settlement.message.counter, Settled.done, null);
        this.#send(now);
        break;
      case 'received':
        this.#received(packetId, settlement.message.counter);
        break;
      case 'release':
        this.#connection.release(packetId);
        break;
      case 'recording':
        break;
      case 'unknown':
        // Answered so that the device can forget it; other answers to nothing end nothing.
        if (stage === 'pubrec' && reason < ReasonCode.UNSPECIFIED_ERROR) this.#connection.release(packetId);
    }
    return true;
  }

  /** Forgets everything; call it once, at the end of the connection. What is in a session's queue stays there. */
  close(): void {
    this.#congested = true;
    this.#metrics.deliveryPendingBytes -= this.#window.queuedBytes;
    for (const { counter } of this.#window.waiting())
      if (counter === 0) this.#metrics.dropped('connection-ended');
  }

  get #fullForQos0(): boolean {
    const { maxQueued, maxQueuedBytes } = this.#limits;
    return (
      this.#window.queued >= maxQueued * QOS_0_SHARE ||
      this.#window.queuedBytes >= maxQueuedBytes * QOS_0_SHARE
    );
  }

  /**
   * A new owner of the session, or one that missed a report, sends entries again. One that is still on its way needs nothing; of one that
   * is settled the owner has not heard.
   */
  #isNew(counter: number): boolean {
    if (!this.#window.holds(counter)) {
      if (counter > this.#lastCounter) {
        this.#lastCounter = counter;
        return true;
      }
      this.#queue.settle(counter, Settled.done, null);
    }
    this.#metrics.dropped('repeated');
    return false;
  }

  #packetId(counter: number): number {
    return counter > 0 && this.#queue.resumable ? packetIdOf(counter) : 0;
  }

  /** PUBREL leaves when it is recorded that PUBREC came: then nobody sends the PUBLISH again [MQTT-4.3.3-6]. */
  #received(packetId: number, counter: number): void {
    const release = (): void => {
      this.#window.release(packetId);
      this.#connection.release(packetId);
    };
    if (counter > 0) this.#queue.settle(counter, Settled.received, release);
    else release();
  }

  /** An entry of a queue that cannot be delivered is settled by that. */
  #drop({ counter }: Message, reason: 'full' | 'too-large' | 'expired'): void {
    this.#metrics.dropped(reason);
    if (counter > 0) this.#queue.settle(counter, Settled.done, null);
  }

  #send(now: number): void {
    const window = this.#window;
    const before = window.queuedBytes;
    while (!this.#congested) {
      const sending = window.next(now);
      if (sending === null) break;
      const { message, packetId } = sending;
      const { content } = message;
      if (content === null) continue;
      message.content = null;
      this.#metrics.delivered[message.qos].add(1);
      this.#congested = !this.#connection.deliver(toPublish(content, message, packetId, now));
    }
    this.#metrics.deliveryPendingBytes -= before - window.queuedBytes;
  }
}

function toPublish(content: Content, message: Message, packetId: number, now: number): OutboundPublish {
  const { topic, payload, properties } = content.publish;
  const { expiresAt } = content;
  return {
    topic,
    payload,
    qos: message.qos,
    retain: message.retain,
    dup: message.dup,
    packetId,
    // The receiver is told what is left [MQTT-3.3.2-6].
    properties:
      expiresAt === 0
        ? properties
        : withMessageExpiry(properties, Math.max(0, Math.ceil((expiresAt - now) / 1_000))),
    subscriptionIdentifiers: message.subscriptionIds.length === 0 ? NONE : message.subscriptionIds,
  };
}

const NONE: readonly number[] = [];

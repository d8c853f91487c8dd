import { type DeliveryRecipient } from '@tributary/contracts';
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
  readonly subscriptionIds: readonly number[];
  /** Let go of once sent: what is in flight needs its packet id only, because it is never sent again. */
  content: Content | null;
}

/** Of the queue of one device, the part that QoS 0 may fill: it must not crowd out what was promised. */
const QOS_0_SHARE = 0.5;

/** What is on its way to one device. */
export class Outbound {
  readonly #connection: EngineConnection;
  readonly #window: OutboundWindow<Message>;
  readonly #limits: OutboundWindowLimits;
  readonly #metrics: IngressMetrics;
  /** The engine asked to wait. */
  #congested = false;

  constructor(connection: EngineConnection, limits: OutboundWindowLimits, metrics: IngressMetrics) {
    this.#connection = connection;
    this.#limits = limits;
    this.#window = new OutboundWindow(limits);
    this.#metrics = metrics;
  }

  deliver(content: Content, { qos, retain, subscriptionIds }: DeliveryRecipient, now: number): void {
    if (qos === 0 && this.#congested && this.#fullForQos0) {
      this.#metrics.dropped('socket-busy');
      return;
    }
    const { expiresAt } = content;
    const bytes = publishWireBytes(this.#connection.protocolVersion, {
      ...content.publish,
      qos,
      retain,
      dup: false,
      packetId: 0,
      subscriptionIdentifiers: subscriptionIds,
    });
    const message: Message = { qos, bytes, expiresAt, retain, subscriptionIds, content };
    const offer = this.#window.offer(message, now);
    if (offer !== 'queued') {
      this.#metrics.dropped(offer);
      return;
    }
    this.#metrics.deliveryPendingBytes += bytes;
    this.#send(now);
    // What waits must not keep the whole batch it came in alive.
    if (message.content !== null) content.detach();
  }

  drained(now: number): void {
    this.#congested = false;
    this.#send(now);
  }

  /** @returns false if the device broke the flow and must be sent away. */
  acknowledged(packetId: number, stage: DeliveryStage, reason: number, now: number): boolean {
    const { outcome } = this.#window.settle(packetId, stage, reason);
    if (outcome === 'mismatch') return false;
    if (outcome === 'release') this.#connection.release(packetId);
    // An unknown PUBREC is answered so that the device can forget it; others end nothing.
    else if (outcome === 'unknown' && stage === 'pubrec' && reason < ReasonCode.UNSPECIFIED_ERROR) {
      this.#connection.release(packetId);
    } else this.#send(now);
    return true;
  }

  /** Forgets everything; call it once, at the end of the connection. */
  close(): void {
    this.#congested = true;
    this.#metrics.deliveryPendingBytes -= this.#window.queuedBytes;
    this.#metrics.droppedMany('connection-ended', this.#window.queued);
  }

  get #fullForQos0(): boolean {
    const { maxQueued, maxQueuedBytes } = this.#limits;
    return (
      this.#window.queued >= maxQueued * QOS_0_SHARE ||
      this.#window.queuedBytes >= maxQueuedBytes * QOS_0_SHARE
    );
  }

  #send(now: number): void {
    const window = this.#window;
    const before = window.queuedBytes;
    const expired = window.expired;
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
    if (window.expired > expired) this.#metrics.droppedMany('expired', window.expired - expired);
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
    dup: false,
    packetId,
    // The receiver is told what is left [MQTT-3.3.2-6].
    properties:
      expiresAt === 0 ? properties : withMessageExpiry(properties, Math.ceil((expiresAt - now) / 1_000)),
    subscriptionIdentifiers: message.subscriptionIds.length === 0 ? NONE : message.subscriptionIds,
  };
}

const NONE: readonly number[] = [];

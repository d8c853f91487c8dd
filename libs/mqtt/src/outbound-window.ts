/** What the window must know of a message; the rest is the caller's. */
export interface WindowMessage {
  readonly qos: 0 | 1 | 2;
  /** Bytes of its PUBLISH for this client (see publishWireBytes). */
  readonly bytes: number;
  /** Milliseconds of the caller's clock after which it is not sent any more; 0: never. */
  readonly expiresAt: number;
}

export interface OutboundWindowLimits {
  /** QoS 1 and 2 messages in flight: the client's Receive Maximum, or less. */
  receiveMaximum: number;
  /** The client's Maximum Packet Size in bytes; 0: none. */
  maximumPacketSize: number;
  /** Messages and bytes waiting. */
  maxQueued: number;
  maxQueuedBytes: number;
}

/**
 * queued: `next` will hand it out. full: count or bytes are at their bound, the caller decides what gives way.
 * too-large: the client does not take packets of this size; it must be dropped [MQTT-3.1.2-25].
 */
export type Offer = 'queued' | 'full' | 'too-large' | 'expired';

export interface Sending<Message> {
  message: Message;
  /** 0 for QoS 0. */
  packetId: number;
}

/**
 * done: the flow ended and the message is the caller's to forget (a PUBREC may have refused it). release: send PUBREL.
 * unknown: nothing is in flight under this identifier. mismatch: it is, but another answer is due; a protocol error.
 */
export type Settlement<Message> =
  | { outcome: 'done'; message: Message }
  | { outcome: 'release'; message: Message }
  | { outcome: 'unknown' | 'mismatch' };

interface InFlight<Message> {
  message: Message;
  /** PUBREC has arrived. */
  released: boolean;
}

const FAILURE = 0x80;

/**
 * What one connection sends: packet identifiers, Receive Maximum, and what waits. QoS 0 does not count against the
 * Receive Maximum [MQTT-3.3.4-9] and overtakes what waits for it; among QoS 1 and 2 the order is kept. No I/O and no
 * clock: the caller sends what `next` hands out, for as long as its connection takes it.
 */
export class OutboundWindow<Message extends WindowMessage> {
  readonly #limits: OutboundWindowLimits;
  readonly #inFlight = new Map<number, InFlight<Message>>();
  readonly #unacknowledged = new Fifo<Message>();
  readonly #fireAndForget = new Fifo<Message>();
  #queuedBytes = 0;
  #lastId = 0;
  /** Messages that expired while they waited. */
  expired = 0;

  constructor(limits: OutboundWindowLimits) {
    this.#limits = limits;
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  get queued(): number {
    return this.#unacknowledged.length + this.#fireAndForget.length;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  offer(message: Message, now: number): Offer {
    const { maximumPacketSize, maxQueued, maxQueuedBytes } = this.#limits;
    if (maximumPacketSize > 0 && message.bytes > maximumPacketSize) return 'too-large';
    if (isExpired(message, now)) return 'expired';
    // A message that could leave at once is not refused for its size alone.
    if (this.queued >= maxQueued) return 'full';
    if (this.queued > 0 && this.#queuedBytes + message.bytes > maxQueuedBytes) return 'full';
    (message.qos === 0 ? this.#fireAndForget : this.#unacknowledged).push(message);
    this.#queuedBytes += message.bytes;
    return 'queued';
  }

  /** The next message to send now, with its packet identifier; null if none may. */
  next(now: number): Sending<Message> | null {
    const free = this.#take(this.#fireAndForget, now);
    if (free !== null) return { message: free, packetId: 0 };
    if (this.#inFlight.size >= this.#limits.receiveMaximum) return null;
    const message = this.#take(this.#unacknowledged, now);
    if (message === null) return null;
    const packetId = this.#freeId();
    this.#inFlight.set(packetId, { message, released: false });
    return { message, packetId };
  }

  /** Takes the client's PUBACK, PUBREC or PUBCOMP. */
  settle(packetId: number, stage: 'puback' | 'pubrec' | 'pubcomp', reason: number): Settlement<Message> {
    const entry = this.#inFlight.get(packetId);
    if (entry === undefined) return { outcome: 'unknown' };
    const { message, released } = entry;
    if ((stage === 'puback') !== (message.qos === 1)) return { outcome: 'mismatch' };
    if (stage === 'pubrec' && reason < FAILURE) {
      // A PUBREC that comes again is answered by PUBREL again.
      entry.released = true;
      return { outcome: 'release', message };
    }
    if (stage === 'pubrec' && released) return { outcome: 'mismatch' };
    if (stage === 'pubcomp' && !released) return { outcome: 'mismatch' };
    this.#inFlight.delete(packetId);
    return { outcome: 'done', message };
  }

  /** What is in flight, oldest first, to be kept or sent again: PUBLISH with DUP, or PUBREL if `released`. */
  *unsettled(): Generator<Sending<Message> & { released: boolean }> {
    for (const [packetId, { message, released }] of this.#inFlight) yield { message, packetId, released };
  }

  #take(queue: Fifo<Message>, now: number): Message | null {
    for (;;) {
      const message = queue.shift();
      if (message === undefined) return null;
      this.#queuedBytes -= message.bytes;
      if (!isExpired(message, now)) return message;
      this.expired++;
    }
  }

  /** Identifiers go round, so that one is not used again soon after it became free. At most 65535 are in flight. */
  #freeId(): number {
    do {
      this.#lastId = this.#lastId === 65535 ? 1 : this.#lastId + 1;
    } while (this.#inFlight.has(this.#lastId));
    return this.#lastId;
  }
}

function isExpired(message: WindowMessage, now: number): boolean {
  return message.expiresAt !== 0 && message.expiresAt <= now;
}

/** First in, first out, without moving what is left at each `shift`. */
class Fifo<Item> {
  #items: Item[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  push(item: Item): void {
    this.#items.push(item);
  }

  shift(): Item | undefined {
    if (this.#head === this.#items.length) return undefined;
    const item = this.#items[this.#head++];
    if (this.#head > 32 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }
}

/** What the window must know of a message; the rest is the caller's. */
export interface WindowMessage {
  readonly qos: 0 | 1 | 2;
  /** Bytes of its PUBLISH for this client (see publishWireBytes). */
  readonly bytes: number;
  /** Milliseconds of the caller's clock after which it is not sent any more; 0: never. */
  readonly expiresAt: number;
  /**
   * Its place in the queue of a session; 0: in none. Whoever keeps the queue bounds how many are on their way, so it is never
   * refused as full.
   */
  readonly counter: number;
  /** Identifier it must travel under, because it may have begun to [MQTT-4.4.0-1]; 0: any that is free. */
  readonly packetId: number;
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
 * done: the flow ended and the message is the caller's to forget (a PUBREC may have refused it). received: PUBREC has come; call
 * `release` once that is recorded. recording: it came again meanwhile, nothing is due. release: it came again, send PUBREL again.
 * unknown: nothing is in flight under this identifier. mismatch: it is, but another answer is due; a protocol error.
 */
export type Settlement<Message> =
  | { outcome: 'done' | 'received'; message: Message }
  | { outcome: 'recording' | 'release' | 'unknown' | 'mismatch' };

type Stage = 'sent' | 'received' | 'released';

interface InFlight<Message> {
  message: Message;
  stage: Stage;
}

const FAILURE = 0x80;

/**
 * What one connection sends: packet identifiers, Receive Maximum, and what waits. QoS 0 does not count against the
 * Receive Maximum [MQTT-3.3.4-9] and overtakes what waits for it; among QoS 1 and 2 the order is kept. No I/O and no
 * clock: the caller sends what `next` hands out, for as long as its connection takes it.
 */
export class OutboundWindow<Message extends WindowMessage> {
  readonly #limits: OutboundWindowLimits;
  readonly #expired: (message: Message) => void;
  readonly #inFlight = new Map<number, InFlight<Message>>();
  readonly #unacknowledged = new Fifo<Message>();
  readonly #fireAndForget = new Fifo<Message>();
  /** Counters of messages here, waiting or in flight. Most clients have no queue. */
  #counters: Set<number> | null = null;
  #queuedBytes = 0;
  #lastId = 0;

  /** @param expired is told of each message that expired while it waited */
  constructor(limits: OutboundWindowLimits, expired: (message: Message) => void) {
    this.#limits = limits;
    this.#expired = expired;
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

  /** Whether the message with this counter is here, waiting or in flight. */
  holds(counter: number): boolean {
    return this.#counters !== null && this.#counters.has(counter);
  }

  offer(message: Message, now: number): Offer {
    const { maximumPacketSize, maxQueued, maxQueuedBytes } = this.#limits;
    if (maximumPacketSize > 0 && message.bytes > maximumPacketSize) return 'too-large';
    if (isExpired(message, now)) return 'expired';
    if (message.counter > 0) {
      (this.#counters ??= new Set()).add(message.counter);
    } else {
      // A message that could leave at once is not refused for its size alone.
      if (this.queued >= maxQueued) return 'full';
      if (this.queued > 0 && this.#queuedBytes + message.bytes > maxQueuedBytes) return 'full';
    }
    (message.qos === 0 ? this.#fireAndForget : this.#unacknowledged).push(message);
    this.#queuedBytes += message.bytes;
    return 'queued';
  }

  /** A QoS 2 message with a counter whose PUBREC came on an earlier connection: PUBREL is due, PUBCOMP will end it. */
  resume(message: Message): void {
    (this.#counters ??= new Set()).add(message.counter);
    this.#inFlight.set(message.packetId, { message, stage: 'released' });
  }

  /** The next message to send now, with its packet identifier; null if none may. */
  next(now: number): Sending<Message> | null {
    const free = this.#first(this.#fireAndForget, now);
    if (free !== undefined) {
      this.#take(this.#fireAndForget, free);
      return { message: free, packetId: 0 };
    }
    if (this.#inFlight.size >= this.#limits.receiveMaximum) return null;
    const message = this.#first(this.#unacknowledged, now);
    if (message === undefined) return null;
    // Its identifier may still be in use: by a message without one of its own, or by one 65,535 places before it.
    if (message.packetId > 0 && this.#inFlight.has(message.packetId)) return null;
    this.#take(this.#unacknowledged, message);
    const packetId = message.packetId > 0 ? message.packetId : this.#freeId();
    this.#inFlight.set(packetId, { message, stage: 'sent' });
    return { message, packetId };
  }

  /** Takes the client's PUBACK, PUBREC or PUBCOMP. */
  settle(packetId: number, answer: 'puback' | 'pubrec' | 'pubcomp', reason: number): Settlement<Message> {
    const entry = this.#inFlight.get(packetId);
    if (entry === undefined) return { outcome: 'unknown' };
    const { message, stage } = entry;
    if ((answer === 'puback') !== (message.qos === 1)) return { outcome: 'mismatch' };
    if (answer === 'pubrec' && reason < FAILURE) {
      if (stage !== 'sent') return { outcome: stage === 'received' ? 'recording' : 'release' };
      entry.stage = 'received';
      return { outcome: 'received', message };
    }
    if (answer === 'pubrec' && stage !== 'sent') return { outcome: 'mismatch' };
    if (answer === 'pubcomp' && stage !== 'released') return { outcome: 'mismatch' };
    this.#inFlight.delete(packetId);
    if (message.counter > 0) this.#counters?.delete(message.counter);
    return { outcome: 'done', message };
  }

  /** That PUBREC came is recorded: PUBREL may leave, and PUBCOMP is due. */
  release(packetId: number): void {
    const entry = this.#inFlight.get(packetId);
    if (entry?.stage === 'received') entry.stage = 'released';
  }

  /** What has not been handed out. */
  *waiting(): Generator<Message> {
    yield* this.#fireAndForget;
    yield* this.#unacknowledged;
  }

  /** The head of a queue, past those that have expired. */
  #first(queue: Fifo<Message>, now: number): Message | undefined {
    for (;;) {
      const message = queue.head;
      if (message === undefined || !isExpired(message, now)) return message;
      this.#take(queue, message);
      if (message.counter > 0) this.#counters?.delete(message.counter);
      this.#expired(message);
    }
  }

  #take(queue: Fifo<Message>, message: Message): void {
    queue.shift();
    this.#queuedBytes -= message.bytes;
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
  #start = 0;

  get length(): number {
    return this.#items.length - this.#start;
  }

  get head(): Item | undefined {
    return this.#items[this.#start];
  }

  push(item: Item): void {
    this.#items.push(item);
  }

  shift(): void {
    if (this.#start === this.#items.length) return;
    this.#start++;
    if (this.#start > 32 && this.#start * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#start);
      this.#start = 0;
    }
  }

  *[Symbol.iterator](): Generator<Item> {
    for (let at = this.#start; at < this.#items.length; at++) yield this.#items[at]!;
  }
}

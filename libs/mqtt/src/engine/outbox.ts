import type { Duplex } from 'node:stream';
import type { EngineCounters } from './mqtt-engine.ts';
import { PacketType } from '../wire/packet-type.ts';

/** Bytes waiting in one connection's outbox from which on `deliver` asks its caller to wait. */
const HIGH_WATER = 256 * 1024;

const SLAB_BYTES = 64 * 1024;

/** Five bytes: identifier and reason; four in MQTT 3.x and for success. */
const LARGEST_ACK = 5;

/**
 * Collects what leaves in one turn of the event loop and writes it once per connection: a system call costs more than
 * everything else an acknowledgement needs. Shared by all connections of an engine.
 */
export class OutboxFlusher {
  readonly counters: EngineCounters;
  #dirty: Outbox[] = [];
  #scheduled = false;
  #slab: Buffer = Buffer.allocUnsafeSlow(SLAB_BYTES);
  #slabAt = 0;
  readonly #flush = (): void => {
    this.#scheduled = false;
    const dirty = this.#dirty;
    this.#dirty = [];
    for (const outbox of dirty) outbox.turn();
  };

  constructor(counters: EngineCounters) {
    this.counters = counters;
  }

  schedule(outbox: Outbox): void {
    this.#dirty.push(outbox);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#flush);
  }

  /** Room for small packets; a slab lives until the last write that uses it is done. */
  reserve(bytes: number): Buffer {
    if (bytes > SLAB_BYTES / 4) return Buffer.allocUnsafe(bytes);
    if (this.#slabAt + bytes > SLAB_BYTES) {
      this.#slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
      this.#slabAt = 0;
    }
    return this.#slab.subarray(this.#slabAt, this.#slabAt + bytes);
  }

  /** Keeps the first `bytes` of the last reservation. */
  commit(bytes: number): void {
    if (bytes <= SLAB_BYTES / 4) this.#slabAt += bytes;
  }
}

/** Who is told when an outbox fills and empties. */
export interface OutboxOwner {
  /** The stream asked to wait; `congested` is set. */
  outboxCongested(): void;
  /** The stream takes bytes again; `congested` is not set. */
  outboxRelieved(): void;
  /** There is room again after `send` returned false. */
  outboxDrained(): void;
}

/** What goes to one client: whole packets, in the order they were given, acknowledgements first within a turn. */
export class Outbox {
  readonly #stream: Duplex;
  readonly #flusher: OutboxFlusher;
  readonly #owner: OutboxOwner;
  /** Packet type, reason and identifier in one number each. */
  readonly #acks: number[] = [];
  readonly #packets: Uint8Array[] = [];
  #packetBytes = 0;
  /** Answers among the packets, which stand first. */
  #answers = 0;
  #dirty = false;
  /** Packets of ours that must not leave before CONNACK. */
  #held = true;
  /** The stream asked to wait for 'drain'. */
  congested = false;
  /** A caller was told to wait. */
  #refused = false;

  constructor(stream: Duplex, flusher: OutboxFlusher, owner: OutboxOwner) {
    this.#stream = stream;
    this.#flusher = flusher;
    this.#owner = owner;
  }

  /** PUBACK, PUBREC, PUBREL, PUBCOMP. */
  acknowledge(type: number, packetId: number, reason: number): void {
    this.#acks.push((type << 24) | (reason << 16) | packetId);
    this.#flusher.counters.packetsSent++;
    this.#touch();
  }

  /** Takes one whole packet, in parts; false: enough for now. */
  send(parts: readonly Uint8Array[]): boolean {
    this.#flusher.counters.packetsSent++;
    for (const part of parts) {
      this.#packets.push(part);
      this.#packetBytes += part.length;
    }
    this.#touch();
    if (!this.congested && this.#packetBytes < HIGH_WATER) return true;
    this.#refused = true;
    return false;
  }

  /**
   * Takes a SUBACK: ahead of this turn's deliveries. They may be what the SUBSCRIBE led to, and clients wait for its
   * answer first, although the specification lets deliveries overtake it (3.8.4).
   */
  answer(packet: Uint8Array): void {
    this.#packets.splice(this.#answers++, 0, packet);
    this.#packetBytes += packet.length;
    this.#touch();
  }

  /** Lets held packets go: CONNACK has been written. */
  open(): void {
    if (!this.#held) return;
    this.#held = false;
    if (this.#acks.length > 0 || this.#packets.length > 0) this.#touch();
  }

  /** Writes at once, before everything held or waiting: for packets that open or end a connection. */
  sendNow(packet: Uint8Array): void {
    this.#flusher.counters.packetsSent++;
    this.#write(packet);
  }

  #touch(): void {
    if (this.#dirty || this.#held) return;
    this.#dirty = true;
    this.#flusher.schedule(this);
  }

  /** The end of a turn of the event loop: writes what was collected. */
  turn(): void {
    this.flush();
    this.#invite();
  }

  flush(): void {
    this.#dirty = false;
    if (this.#held || this.#stream.destroyed || this.#stream.writableEnded) {
      this.#drop();
      return;
    }
    const several = this.#packets.length + (this.#acks.length > 0 ? 1 : 0) > 1;
    if (several) this.#stream.cork();
    if (this.#acks.length === 1) this.#writeSingleAck(this.#acks.pop()!);
    else if (this.#acks.length > 1) this.#write(this.#encodeAcks());
    for (const packet of this.#packets) this.#write(packet);
    this.#packets.length = 0;
    this.#packetBytes = 0;
    this.#answers = 0;
    if (several) this.#stream.uncork();
  }

  #relieve(): void {
    this.congested = false;
    this.#owner.outboxRelieved();
    this.#invite();
  }

  #invite(): void {
    if (!this.#refused || this.congested || this.#packetBytes >= HIGH_WATER) return;
    this.#refused = false;
    this.#owner.outboxDrained();
  }

  #drop(): void {
    if (this.#held) return;
    this.#acks.length = 0;
    this.#packets.length = 0;
    this.#packetBytes = 0;
    this.#answers = 0;
  }

  #write(bytes: Uint8Array): void {
    this.#written(bytes.length, this.#stream.write(bytes));
  }

  /** The most frequent write of all; as a string it needs no buffer of its own, which saves a microsecond. */
  #writeSingleAck(ack: number): void {
    const first = firstByteOf(ack >>> 24);
    const reason = (ack >>> 16) & 0xff;
    const high = (ack >>> 8) & 0xff;
    const low = ack & 0xff;
    const packet =
      reason === 0
        ? String.fromCharCode(first, 2, high, low)
        : String.fromCharCode(first, 3, high, low, reason);
    this.#written(packet.length, this.#stream.write(packet, 'latin1'));
  }

  #written(bytes: number, more: boolean): void {
    this.#flusher.counters.bytesSent += bytes;
    if (more || this.congested) return;
    this.congested = true;
    // Most streams never ask to wait, so none has a listener for its end before it does.
    this.#stream.once('drain', () => this.#relieve());
    this.#owner.outboxCongested();
  }

  #encodeAcks(): Buffer {
    const acks = this.#acks;
    const room = this.#flusher.reserve(acks.length * LARGEST_ACK);
    let at = 0;
    for (const ack of acks) {
      const reason = (ack >>> 16) & 0xff;
      room[at] = firstByteOf(ack >>> 24);
      room[at + 1] = reason === 0 ? 2 : 3;
      room[at + 2] = (ack >>> 8) & 0xff;
      room[at + 3] = ack & 0xff;
      at += 4;
      if (reason !== 0) room[at++] = reason;
    }
    acks.length = 0;
    this.#flusher.commit(at);
    return room.subarray(0, at);
  }
}

function firstByteOf(type: number): number {
  return type === PacketType.PUBREL ? (type << 4) | 2 : type << 4;
}

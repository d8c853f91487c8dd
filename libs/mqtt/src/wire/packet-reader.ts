import type { SubscribeRequest, UnsubscribeRequest } from '../engine/mqtt-engine.ts';
import { ByteAccumulator } from './byte-accumulator.ts';
import type { ByteBudget } from './byte-budget.ts';
import { checkAcknowledgement, decodeDisconnect, type DisconnectPacket } from './acknowledgement-check.ts';
import { decodeAuth, type AuthPacket } from './auth-packet.ts';
import { decodeConnect, type ConnectPacket } from './connect-packet.ts';
import { Faults, type Fault } from './fault.ts';
import { PacketType, requiredFlags } from './packet-type.ts';
import type { PublishCheck } from './publish-check.ts';
import { decodeSubscribe, decodeUnsubscribe } from './subscribe-packet.ts';

export interface PacketLimits {
  /** Largest packet in bytes, fixed header included. */
  maxPacketBytes: number;
  /** The same for CONNECT, which anybody may send. */
  maxConnectBytes: number;
  maxTopicLevels: number;
  /** Longest topic name or filter, in bytes of UTF-8. */
  maxTopicBytes: number;
  /** Topic filters of one SUBSCRIBE or UNSUBSCRIBE. */
  maxFilters: number;
}

/** A packet that travels alone, decoded. */
export type ControlPacket =
  | { type: 'connect'; packet: ConnectPacket }
  | { type: 'subscribe'; request: SubscribeRequest }
  | { type: 'unsubscribe'; request: UnsubscribeRequest }
  | { type: 'auth'; packet: AuthPacket }
  | { type: 'disconnect'; packet: DisconnectPacket };

/** Packets cut from the stream at once: how far a reader runs ahead of `pause`. */
const RUN_PACKETS = 64;

/**
 * Cuts a client's byte stream into runs of complete packets, each checked before anything else sees it. A run is a
 * contiguous view of the bytes as they came: up to 64 packets, or one CONNECT, SUBSCRIBE, UNSUBSCRIBE, AUTH or
 * DISCONNECT alone, decoded in `control`. Read-only: nothing is ever changed, added or left out.
 */
export class PacketReader {
  readonly #limits: PacketLimits;
  readonly #publishCheck: PublishCheck;
  #chunk: Buffer | null = null;
  #at = 0;
  readonly #partial: ByteAccumulator;
  /** Chunks that arrived while a run was still to be taken; rarely more than one. */
  readonly #waiting: Buffer[] = [];
  #waitingBytes = 0;

  /** 0 until CONNECT. */
  version = 0;
  /** The client's Maximum Packet Size, as soon as it is known; 0: none. */
  maximumPacketSize = 0;
  /** Set for good once the stream broke a rule; packets before the bad one have been handed out. */
  fault: Fault | null = null;
  control: ControlPacket | null = null;
  /** Raw property blocks of the PUBLISHes of the last run (MQTT 5 only), in order. */
  readonly properties: Uint8Array[] = [];
  /** Their topic aliases, 0 for none. */
  readonly topicAliases: number[] = [];
  /** Packets of the last run. */
  packets = 0;
  /** Of these, PINGREQ. */
  pings = 0;
  /** Of these, PUBACK, PUBREC, PUBREL and PUBCOMP. */
  acknowledgements = 0;

  /** @param incomplete what all readers may hold of packets that have not arrived whole */
  constructor(limits: PacketLimits, publishCheck: PublishCheck, incomplete: ByteBudget) {
    this.#limits = limits;
    this.#publishCheck = publishCheck;
    this.#partial = new ByteAccumulator(incomplete);
  }

  push(chunk: Buffer): void {
    if (this.#chunk === null) {
      this.#chunk = chunk;
      this.#at = 0;
    } else {
      this.#waiting.push(chunk);
      this.#waitingBytes += chunk.length;
    }
  }

  /** Bytes held and not handed out. */
  get buffered(): number {
    const current = this.#chunk === null ? 0 : this.#chunk.length - this.#at;
    return current + this.#waitingBytes + this.#partial.length;
  }

  /** The next run, or null if there is no complete packet, or a fault. */
  next(): Buffer | null {
    this.control = null;
    this.properties.length = 0;
    this.topicAliases.length = 0;
    this.packets = 0;
    this.pings = 0;
    this.acknowledgements = 0;
    while (this.fault === null && this.#chunk !== null) {
      const run = this.#partial.length > 0 ? this.#completePartial(this.#chunk) : this.#cutRun(this.#chunk);
      if (this.#chunk !== null && this.#at >= this.#chunk.length) this.#nextChunk();
      if (run !== null) return run;
    }
    return null;
  }

  /** Drops everything held. */
  clear(): void {
    this.#chunk = null;
    this.#waiting.length = 0;
    this.#waitingBytes = 0;
    this.#partial.take();
  }

  #nextChunk(): void {
    const chunk = this.#waiting.shift() ?? null;
    this.#chunk = chunk;
    this.#at = 0;
    if (chunk !== null) this.#waitingBytes -= chunk.length;
  }

  /** Cuts packets from the chunk; what remains incomplete moves to `#partial`. */
  #cutRun(chunk: Buffer): Buffer | null {
    const start = this.#at;
    const limit = chunk.length;
    const version = this.version;
    let at = start;
    while (at < limit && this.packets < RUN_PACKETS) {
      const first = chunk[at]!;
      const type = first >> 4;
      const alone = type !== PacketType.PUBLISH && travelsAlone(type);
      if (alone && this.packets > 0) break;
      const body = this.#header(chunk, at, limit, first);
      if (body < 0) break;
      const end = body + this.#length;
      if (end > limit) break;
      if (type === PacketType.PUBLISH) {
        this.fault = this.#publishCheck.check(chunk, body, end, first, version);
        if (this.fault !== null) break;
        if (version === 5) this.#note();
      } else {
        this.fault = this.#checkOther(chunk, body, end, type);
        if (this.fault !== null) break;
      }
      this.packets++;
      at = end;
      if (alone) break;
    }
    this.#at = at;
    if (at > start) return start === 0 && at === limit ? chunk : chunk.subarray(start, at);
    if (this.fault === null) {
      if (!this.#partial.append(chunk, at, limit)) this.fault = Faults.INCOMPLETE;
      this.#at = limit;
    }
    return null;
  }

  /** Adds to the packet begun in earlier chunks only what it needs, so that what follows is not copied. */
  #completePartial(chunk: Buffer): Buffer | null {
    const partial = this.#partial;
    for (;;) {
      const held = partial.view();
      const body = this.#header(held, 0, held.length, held[0]!);
      if (this.fault !== null) return null;
      const missing = body < 0 ? 1 : body + this.#length - held.length;
      if (missing <= 0) return this.#cutPartial(body);
      const available = chunk.length - this.#at;
      if (available === 0) return null;
      const take = Math.min(missing, available);
      if (!partial.append(chunk, this.#at, this.#at + take)) {
        this.fault = Faults.INCOMPLETE;
        return null;
      }
      this.#at += take;
    }
  }

  #cutPartial(body: number): Buffer | null {
    const packet = this.#partial.take();
    const first = packet[0]!;
    const type = first >> 4;
    this.fault =
      type === PacketType.PUBLISH
        ? this.#publishCheck.check(packet, body, packet.length, first, this.version)
        : this.#checkOther(packet, body, packet.length, type);
    if (this.fault !== null) return null;
    if (type === PacketType.PUBLISH && this.version === 5) this.#note();
    this.packets = 1;
    return packet;
  }

  #note(): void {
    this.properties.push(this.#publishCheck.properties);
    this.topicAliases.push(this.#publishCheck.topicAlias);
  }

  #length = 0;

  /**
   * Checks a fixed header: the offset of the body (its length is then in `#length`), or -1 if the header is not
   * complete or wrong. A packet that is too large or out of place is refused before its body arrives.
   */
  #header(buffer: Buffer, at: number, limit: number, first: number): number {
    const type = first >> 4;
    if (this.version === 0 && type !== PacketType.CONNECT) {
      this.fault = Faults.CONNECT_FIRST;
      return -1;
    }
    if (type !== PacketType.PUBLISH && (first & 15) !== requiredFlags(type)) {
      this.fault = Faults.FIXED_HEADER_FLAGS;
      return -1;
    }
    let next = at + 1;
    if (next >= limit) return -1;
    let byte = buffer[next++]!;
    let length = byte & 0x7f;
    for (let shift = 7; byte >= 0x80; shift += 7) {
      if (shift > 21) {
        this.fault = Faults.REMAINING_LENGTH;
        return -1;
      }
      if (next >= limit) return -1;
      byte = buffer[next++]!;
      length |= (byte & 0x7f) << shift;
    }
    // MQTT 5 wants the shortest form [MQTT-1.5.5-1]; 3.1.1 does not say.
    if (this.version === 5 && byte === 0 && next - at > 2) {
      this.fault = Faults.VARIABLE_INTEGER;
      return -1;
    }
    const largest = this.version === 0 ? this.#limits.maxConnectBytes : this.#limits.maxPacketBytes;
    if (next - at + length > largest) {
      this.fault = Faults.TOO_LARGE;
      return -1;
    }
    this.#length = length;
    return next;
  }

  #checkOther(buffer: Buffer, body: number, end: number, type: number): Fault | null {
    switch (type) {
      case PacketType.PUBACK:
      case PacketType.PUBREC:
      case PacketType.PUBREL:
      case PacketType.PUBCOMP:
        this.acknowledgements++;
        return checkAcknowledgement(buffer, body, end, type, this.version);
      case PacketType.PINGREQ:
        this.pings++;
        return body === end ? null : Faults.TRAILING_BYTES;
      case PacketType.CONNECT: {
        if (this.version !== 0) return Faults.CONNECT_TWICE;
        const connect = decodeConnect(buffer, body, end, this.#limits);
        this.version = connect.version;
        this.maximumPacketSize = connect.maximumPacketSize;
        if (connect.packet !== null) this.control = { type: 'connect', packet: connect.packet };
        return connect.fault;
      }
      case PacketType.SUBSCRIBE: {
        const subscribe = decodeSubscribe(buffer, body, end, this.version, this.#limits);
        if (subscribe.value !== null) this.control = { type: 'subscribe', request: subscribe.value };
        return subscribe.fault;
      }
      case PacketType.UNSUBSCRIBE: {
        const unsubscribe = decodeUnsubscribe(buffer, body, end, this.version, this.#limits);
        if (unsubscribe.value !== null) this.control = { type: 'unsubscribe', request: unsubscribe.value };
        return unsubscribe.fault;
      }
      case PacketType.AUTH: {
        if (this.version !== 5) return Faults.UNEXPECTED_TYPE;
        const auth = decodeAuth(buffer, body, end);
        if (auth.value !== null) this.control = { type: 'auth', packet: auth.value };
        return auth.fault;
      }
      case PacketType.DISCONNECT: {
        const disconnect = decodeDisconnect(buffer, body, end, this.version);
        if (disconnect.value !== null) this.control = { type: 'disconnect', packet: disconnect.value };
        return disconnect.fault;
      }
      default:
        return Faults.UNEXPECTED_TYPE;
    }
  }
}

function travelsAlone(type: number): boolean {
  return (
    type === PacketType.CONNECT ||
    type === PacketType.SUBSCRIBE ||
    type === PacketType.UNSUBSCRIBE ||
    type === PacketType.AUTH ||
    type === PacketType.DISCONNECT
  );
}

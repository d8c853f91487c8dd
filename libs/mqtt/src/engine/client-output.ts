import type { Duplex } from 'node:stream';
import type { ConnectPacket } from '../wire/connect-packet.ts';
import { PacketReader } from '../wire/packet-reader.ts';
import { PacketType } from '../wire/packet-type.ts';
import { encodePublish } from '../wire/publish-encoder.ts';
import {
  encodeDisconnect,
  encodeFaultRefusal,
  encodeRefusal,
  encodeSubscribed,
  encodeUnsubscribed,
  type Parting,
} from '../wire/server-packet.ts';
import type { Fault } from '../wire/fault.ts';
import type { ConnectionParts } from './connection-parts.ts';
import type { ControlPackets } from './control-packets.ts';
import { Explanations } from './explanations.ts';
import type { OutboundPublish, ProtocolVersion } from './mqtt-engine.ts';
import { Outbox, type OutboxOwner } from './outbox.ts';
import { ReasonCode, isFailure } from './reason-code.ts';

/**
 * handshake: until CONNECT · asking: the host decides · challenged: it waits for the client's AUTH · accepted: CONNACK
 * is being written · ready · closed.
 */
export type ConnectionState = 'handshake' | 'asking' | 'challenged' | 'accepted' | 'ready' | 'closed';

type OutputParts = Pick<ConnectionParts<unknown>, 'limits' | 'publishCheck' | 'flusher' | 'incomplete'>;

/** What leaves for one client: answers, deliveries and farewells, as its version and its limits have them. */
export abstract class ClientOutput implements OutboxOwner {
  protocolVersion: ProtocolVersion = 4;
  protected state: ConnectionState = 'handshake';
  /** The client's CONNECT. */
  protected connect: ConnectPacket | null = null;
  /** QoS 1 and 2 PUBLISHes of the client not finally acknowledged. */
  protected unacknowledged = 0;
  protected abstract readonly controls: Pick<ControlPackets, 'owe'>;
  protected readonly reader: PacketReader;
  protected readonly outbox: Outbox;
  readonly #stream: Duplex;
  /** Made when the first is sent. */
  #explanations: Explanations | null = null;

  constructor(stream: Duplex, parts: OutputParts) {
    this.#stream = stream;
    this.reader = new PacketReader(parts.limits, parts.publishCheck, parts.incomplete);
    this.outbox = new Outbox(stream, parts.flusher, this);
  }

  abstract disconnect(reason: number, detail: string): void;
  abstract outboxCongested(): void;
  abstract outboxRelieved(): void;
  abstract outboxDrained(): void;

  acknowledge(packetId: number, qos: 1 | 2, reason: number, detail?: string): void {
    if (this.state !== 'ready') return;
    if (qos === 1 || isFailure(reason)) this.#settled();
    this.#answer(qos === 1 ? PacketType.PUBACK : PacketType.PUBREC, packetId, reason, detail);
  }

  complete(packetId: number, reason: number, detail?: string): void {
    if (this.state !== 'ready') return;
    this.#settled();
    this.#answer(PacketType.PUBCOMP, packetId, reason, detail);
  }

  #answer(type: number, packetId: number, reason: number, detail: string | undefined): void {
    const text = detail === undefined ? '' : this.#wanted(detail);
    if (text !== '' && this.#explain().acknowledge(type, packetId, reason, text)) return;
    this.outbox.acknowledge(type, packetId, this.protocolVersion === 5 ? reason : 0);
  }

  #explain(): Explanations {
    return (this.#explanations ??= new Explanations(this.#stream, this.outbox, this.#maxBytes));
  }

  /** Reason strings are for clients of MQTT 5 that want them [MQTT-3.1.2-29]. */
  #wanted(detail: string): string {
    return this.protocolVersion === 5 && this.connect?.requestProblemInformation !== false ? detail : '';
  }

  #settled(): void {
    if (this.unacknowledged > 0) this.unacknowledged--;
  }

  subscribed(packetId: number, reasons: readonly number[], detail = ''): void {
    const list = { packetId, reasons, text: this.#wanted(detail) };
    const packet = encodeSubscribed(this.protocolVersion, list, this.#maxBytes);
    if (packet !== null && this.state === 'ready') this.outbox.answer(packet);
    else this.#sendIfTaken(packet);
  }

  unsubscribed(packetId: number, reasons: readonly number[], detail = ''): void {
    const list = { packetId, reasons, text: this.#wanted(detail) };
    this.#sendIfTaken(encodeUnsubscribed(this.protocolVersion, list, this.#maxBytes));
  }

  /** An answer that must not be sent for its size [MQTT-3.1.2-24] leaves nothing to do but to part. */
  #sendIfTaken(packet: Uint8Array | null): void {
    if (this.state !== 'ready') return;
    if (packet !== null) this.outbox.send([packet]);
    else this.disconnect(ReasonCode.PACKET_TOO_LARGE, 'the answer exceeds your Maximum Packet Size');
  }

  deliver(publish: OutboundPublish): boolean {
    if (this.state === 'closed') return true;
    if (publish.qos > 0) this.controls.owe();
    return this.outbox.send(encodePublish(this.protocolVersion, publish));
  }

  release(packetId: number): void {
    if (this.state === 'closed') return;
    this.controls.owe();
    this.outbox.acknowledge(PacketType.PUBREL, packetId, 0);
  }

  /** CONNACK with a reason instead of success. */
  protected sendRefusal(parting: Parting): void {
    this.outbox.sendNow(encodeRefusal(this.protocolVersion, parting, this.#maxBytes));
  }

  /** What a fault is answered with: DISCONNECT, CONNACK, or nothing. */
  protected sendFault(fault: Fault): void {
    if (this.state === 'ready') {
      this.sendFarewell(fault);
      return;
    }
    const refusal = encodeFaultRefusal(this.reader.version, fault, this.#maxBytes);
    if (refusal !== null) this.outbox.sendNow(refusal);
  }

  /** DISCONNECT to a client of MQTT 5 that is connected. Acknowledgements and deliveries already taken leave first. */
  protected sendFarewell(parting: Parting): void {
    if (this.state !== 'ready') return;
    this.outbox.flush();
    if (this.protocolVersion === 5) this.outbox.sendNow(encodeDisconnect(parting, this.#maxBytes));
  }

  /** The client's Maximum Packet Size [MQTT-3.1.2-24]; 0: none. */
  get #maxBytes(): number {
    return this.reader.maximumPacketSize;
  }
}

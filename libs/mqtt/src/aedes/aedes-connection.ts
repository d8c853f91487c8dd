import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { Client, ConnectPacket as AedesConnectPacket, PublishPacket } from 'aedes';
import { closeGently } from '../engine/gentle-close.ts';
import { Inflow, type InflowOwner } from '../engine/inflow.ts';
import type {
  ClosureKind,
  ConnectRequest,
  ConnectVerdict,
  DeliveryStage,
  EngineConnection,
  OutboundPublish,
  ProtocolVersion,
  StreamInfo,
  SubscribeRequest,
} from '../engine/mqtt-engine.ts';
import { Outbox, type OutboxOwner } from '../engine/outbox.ts';
import { ReasonCode, isFailure, reasonText } from '../engine/reason-code.ts';
import { Vigil, type Lateness, type VigilOwner } from '../engine/vigil.ts';
import type { DisconnectPacket } from '../wire/acknowledgement-check.ts';
import type { ConnectPacket } from '../wire/connect-packet.ts';
import { Faults, type Fault } from '../wire/fault.ts';
import { PacketReader, type ControlPacket } from '../wire/packet-reader.ts';
import { PacketType } from '../wire/packet-type.ts';
import { encodePublish } from '../wire/publish-encoder.ts';
import {
  encodeDisconnect,
  encodeRefusal,
  encodeSubscribed,
  encodeUnsubscribed,
} from '../wire/server-packet.ts';
import { amendConnect } from './connect-amendment.ts';
import type { EngineParts } from './aedes-engine.ts';
import { PacketStream, type PacketStreamOwner } from './packet-stream.ts';
import { SharedFilterRefusals } from './shared-filter-refusals.ts';

/** handshake: until CONNECT · asking: the host decides · accepted: aedes writes CONNACK · ready · closed. */
type State = 'handshake' | 'asking' | 'accepted' | 'ready' | 'closed';

const EMPTY = new Uint8Array(0);

/**
 * One client on the aedes engine. Its bytes are checked and cut into runs of packets, aedes parses a run and calls its
 * hooks, the hooks tell the host. What the host answers is written here: a hook whose continuation would write an
 * answer is never continued, so nothing is acknowledged that the host did not acknowledge.
 */
export class AedesConnection<Context>
  implements EngineConnection<Context>, PacketStreamOwner, InflowOwner, OutboxOwner, VigilOwner
{
  readonly id: number;
  readonly transport: 'tcp' | 'websocket';
  readonly remoteAddress: string;
  clientId = '';
  protocolVersion: ProtocolVersion = 4;
  context: Context | undefined = undefined;

  readonly #parts: EngineParts<Context>;
  readonly #source: Duplex;
  readonly #reader: PacketReader;
  readonly #inflow: Inflow;
  readonly #outbox: Outbox;
  readonly #vigil: Vigil;
  readonly #sharedFilters = new SharedFilterRefusals();
  #stream: PacketStream<AedesConnection<Context>> | null = null;
  #state: State = 'handshake';
  #connect: ConnectPacket | null = null;
  #disconnect: DisconnectPacket | null = null;
  /** Packets of the run aedes saw last. */
  #begun = 1;
  /** PUBLISHes of the current run already shown to the host. */
  #published = 0;
  /** The SUBSCRIBE of the current run was shown to the host. */
  #subscribeShown = false;
  /** QoS 1 and 2 PUBLISHes of the client not finally acknowledged. */
  #unacknowledged = 0;

  constructor(id: number, source: Duplex, info: StreamInfo, parts: EngineParts<Context>) {
    this.id = id;
    this.transport = info.transport;
    this.remoteAddress = info.remoteAddress;
    this.#parts = parts;
    this.#source = source;
    this.#reader = new PacketReader(parts.options, parts.publishCheck);
    this.#outbox = new Outbox(source, parts.flusher, this);
    this.#vigil = new Vigil(parts.wheel, this, parts.options);
    this.#inflow = new Inflow(source, this.#reader, this, parts);
  }

  // ---- packets of the client, on their way to aedes

  get taking(): boolean {
    return (this.#state === 'ready' || this.#state === 'handshake') && !this.#outbox.congested;
  }

  dispatch(run: Buffer): void {
    const { control, packets } = this.#reader;
    this.#vigil.seen();
    if (control !== null) {
      const fault = this.#prepare(control);
      if (fault !== null) {
        this.faulted(fault);
        return;
      }
    }
    this.#published = 0;
    this.#subscribeShown = false;
    const begun = this.#begun;
    this.#begun = packets;
    if (this.#stream?.offer(run, begun) !== true && this.#state !== 'closed') {
      this.#close('protocol-error', ReasonCode.PROTOCOL_ERROR, 'aedes stopped reading');
    }
  }

  /** What must be known of a packet before aedes sees it. */
  #prepare(control: ControlPacket): Fault | null {
    switch (control.type) {
      case 'connect':
        this.#connect = control.packet;
        this.protocolVersion = control.packet.protocolVersion;
        this.#parts.counters.unfinished--;
        this.#vigil.connectArrived();
        this.#state = 'asking';
        this.#stream = new PacketStream<AedesConnection<Context>>(this);
        this.#parts.broker.handle(this.#stream);
        return null;
      case 'subscribe':
        return aedesTakes(control.request) ? null : Faults.FILTER;
      case 'disconnect': {
        const { sessionExpiry = 0 } = control.packet;
        if (sessionExpiry > 0 && this.#connect?.sessionExpiry === 0) return Faults.SESSION_EXPIRY;
        this.#disconnect = control.packet;
        return null;
      }
      default:
        return null;
    }
  }

  faulted(fault: Fault): void {
    this.#parts.counters.protocolErrors++;
    if (this.#state === 'ready') {
      this.#sayFarewell(fault.reason, fault.text);
    } else if (this.#reader.version === 5 || answersWithoutMqtt5(fault)) {
      this.#outbox.sendNow(encodeRefusal(this.#reader.version, fault.reason));
    }
    this.#close('protocol-error', fault.reason, fault.text);
  }

  streamEnded(detail: string): void {
    this.#close('lost', 0, detail);
  }

  failed(error: unknown): void {
    this.#parts.counters.internalErrors++;
    this.#parts.report(error);
    this.disconnect(ReasonCode.UNSPECIFIED_ERROR, 'internal error');
  }

  // ---- aedes: its stream and its hooks

  aedesWrote(bytes: Buffer): void {
    if (this.#state !== 'closed') this.#outbox.sendNow(bytes);
  }

  aedesClosed(error: Error | null): void {
    if (this.#state === 'closed') return;
    if (this.#disconnect !== null) {
      const { reason } = this.#disconnect;
      this.#close(reason === ReasonCode.SUCCESS ? 'clean' : 'with-will', reason, reasonText(reason));
    } else {
      this.#parts.counters.protocolErrors++;
      this.#close('protocol-error', ReasonCode.PROTOCOL_ERROR, error?.message ?? 'closed by aedes');
    }
  }

  connecting(packet: AedesConnectPacket): void {
    amendConnect(packet, `c${this.id}`);
  }

  authenticating(client: Client, proceed: () => void): void {
    const connect = this.#connect;
    if (connect === null || this.#state !== 'asking') return;
    const clientIdAssigned = connect.clientId === '';
    this.clientId = clientIdAssigned ? assignedClientId(client, this.protocolVersion) : connect.clientId;
    const request: ConnectRequest = { ...connect, clientId: this.clientId, clientIdAssigned };
    this.#ask(request).then(
      (verdict) => this.#decide(verdict, proceed),
      (error: unknown) => {
        this.#parts.report(error);
        this.#decide(
          { accept: false, reason: ReasonCode.UNSPECIFIED_ERROR, detail: 'internal error' },
          proceed,
        );
      },
    );
  }

  async #ask(request: ConnectRequest): Promise<ConnectVerdict> {
    this.#parts.asked(this);
    return this.#parts.host.connect(request, this);
  }

  #decide(verdict: ConnectVerdict, proceed: () => void): void {
    if (this.#state !== 'asking') return;
    if (verdict.accept) {
      this.#state = 'accepted';
      proceed();
    } else {
      const { reason } = verdict;
      this.#outbox.sendNow(encodeRefusal(this.protocolVersion, reason));
      this.#close('server', reason, verdict.detail ?? reasonText(reason));
    }
  }

  connected(): void {
    if (this.#state !== 'accepted') return;
    this.#state = 'ready';
    this.#vigil.start(this.#connect?.keepAlive ?? 0);
    this.#outbox.open();
    this.#inflow.goOn();
  }

  publishing(packet: PublishPacket): void {
    if (this.#state !== 'ready') return;
    const { qos } = packet;
    if (
      qos > 0 &&
      ++this.#unacknowledged > this.#parts.options.receiveMaximum &&
      this.protocolVersion === 5
    ) {
      this.faulted(Faults.RECEIVE_MAXIMUM);
      return;
    }
    this.#parts.host.publish(this, {
      topic: packet.topic,
      payload: typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload,
      qos,
      retain: packet.retain,
      dup: packet.dup,
      packetId: qos > 0 ? (packet.messageId ?? 0) : 0,
      properties: this.protocolVersion === 5 ? (this.#reader.properties[this.#published++] ?? EMPTY) : EMPTY,
    });
  }

  released(packetId: number): void {
    if (this.#state === 'ready') this.#parts.host.release(this, packetId);
  }

  acknowledged(packetId: number, stage: DeliveryStage, reason: number): void {
    if (this.#state === 'ready') this.#parts.host.acknowledged(this, packetId, stage, reason);
  }

  /** aedes asks once per filter; the whole packet is shown at the first. */
  subscribing(): void {
    const { control } = this.#reader;
    if (this.#state !== 'ready' || this.#subscribeShown || control?.type !== 'subscribe') return;
    this.#subscribeShown = true;
    const request = this.#sharedFilters.without(control.request);
    if (request === null) {
      this.subscribed(control.request.packetId, []);
    } else {
      this.#parts.host.subscribe(this, request);
    }
  }

  unsubscribing(): void {
    const { control } = this.#reader;
    if (this.#state !== 'ready' || control?.type !== 'unsubscribe') return;
    this.#parts.host.unsubscribe(this, control.request);
  }

  // ---- the host

  acknowledge(packetId: number, qos: 1 | 2, reason: number): void {
    if (this.#state !== 'ready') return;
    if (qos === 1 || isFailure(reason)) this.#unacknowledged--;
    this.#outbox.acknowledge(
      qos === 1 ? PacketType.PUBACK : PacketType.PUBREC,
      packetId,
      this.protocolVersion === 5 ? reason : 0,
    );
  }

  complete(packetId: number, reason: number): void {
    if (this.#state !== 'ready') return;
    this.#unacknowledged = Math.max(0, this.#unacknowledged - 1);
    this.#outbox.acknowledge(PacketType.PUBCOMP, packetId, this.protocolVersion === 5 ? reason : 0);
  }

  subscribed(packetId: number, reasons: readonly number[]): void {
    if (this.#state !== 'ready') return;
    const all = this.#sharedFilters.complete(packetId, reasons);
    this.#outbox.send([encodeSubscribed(this.protocolVersion, packetId, all)]);
  }

  unsubscribed(packetId: number, reasons: readonly number[]): void {
    if (this.#state !== 'ready') return;
    this.#outbox.send([encodeUnsubscribed(this.protocolVersion, packetId, reasons)]);
  }

  deliver(publish: OutboundPublish): boolean {
    if (this.#state === 'closed') return true;
    return this.#outbox.send(encodePublish(this.protocolVersion, publish));
  }

  release(packetId: number): void {
    if (this.#state !== 'closed') this.#outbox.acknowledge(PacketType.PUBREL, packetId, 0);
  }

  pause(): void {
    this.#inflow.pause();
  }

  resume(): void {
    this.#inflow.resume();
  }

  disconnect(reason: number, detail: string): void {
    this.#sayFarewell(reason, detail);
    this.#close('server', reason, detail);
  }

  // ---- time and room

  get unread(): boolean {
    return this.#inflow.paused;
  }

  outboxCongested(): void {
    this.#vigil.congested();
  }

  outboxRelieved(): void {
    this.#vigil.relieved();
    this.#inflow.goOn();
  }

  outboxDrained(): void {
    if (this.#state !== 'ready') return;
    try {
      this.#parts.host.drained(this);
    } catch (error) {
      this.failed(error);
    }
  }

  late(what: Lateness): void {
    const { counters } = this.#parts;
    if (what === 'connect') {
      counters.connectTimeouts++;
      this.#close('lost', 0, 'no CONNECT in time');
    } else if (what === 'write') {
      counters.writeTimeouts++;
      this.#close('server', ReasonCode.QUOTA_EXCEEDED, 'the client stopped reading');
      this.#source.destroy();
    } else {
      counters.keepAliveTimeouts++;
      const detail = 'no packet within one and a half times the keep-alive [MQTT-3.1.2-22]';
      this.#sayFarewell(ReasonCode.KEEP_ALIVE_TIMEOUT, detail);
      this.#close('keep-alive', ReasonCode.KEEP_ALIVE_TIMEOUT, detail);
    }
  }

  // ---- the end

  /** Acknowledgements and deliveries already taken leave first. */
  #sayFarewell(reason: number, detail: string): void {
    if (this.#state !== 'ready') return;
    this.#outbox.flush();
    if (this.protocolVersion !== 5) return;
    this.#outbox.sendNow(encodeDisconnect(reason, detail, this.#connect?.maximumPacketSize ?? 0));
  }

  #close(kind: ClosureKind, reason: number, detail: string): void {
    const state = this.#state;
    if (state === 'closed') return;
    if (state === 'ready') this.#outbox.flush();
    this.#state = 'closed';
    this.#parts.counters.connections--;
    if (this.#connect === null) this.#parts.counters.unfinished--;
    this.#vigil.stop();
    this.#inflow.stop();
    this.#stream?.destroy();
    const accepted = state === 'accepted' || state === 'ready';
    this.#parts.closed(this, {
      kind,
      reason,
      detail,
      willDue: accepted && kind !== 'clean',
      sessionExpiry: this.#disconnect?.sessionExpiry,
    });
    // The host records a DISCONNECT before the client sees its socket closed.
    if (kind !== 'clean' && kind !== 'with-will') this.closeSocket(kind === 'lost');
  }

  closeSocket(atOnce: boolean): void {
    if (atOnce) this.#source.destroy();
    else closeGently(this.#source, this.#parts.options.lingerMs);
  }
}

/** aedes keeps the filters of a SUBSCRIBE with several as keys of an object, and this one ends the process. */
function aedesTakes({ subscriptions }: SubscribeRequest): boolean {
  return subscriptions.length === 1 || subscriptions.every(({ filter }) => filter !== '__proto__');
}

/** The refusals MQTT 3.x has a CONNACK code for; anything else just closes [MQTT-3.1.4-1]. */
function answersWithoutMqtt5(fault: Fault): boolean {
  return fault === Faults.PROTOCOL_VERSION || fault === Faults.CLIENT_ID_EMPTY;
}

/**
 * An identifier for a client that brought none, unique among all nodes. One of MQTT 5 is told it [MQTT-3.2.2-16], so
 * aedes has made it; one of MQTT 3.1.1 never learns it [MQTT-3.1.3-6].
 */
function assignedClientId(client: Client, protocolVersion: number): string {
  return protocolVersion === 5 ? client.id : `auto_${randomUUID()}`;
}

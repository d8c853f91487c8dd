import type { Duplex } from 'node:stream';
import type { DisconnectPacket } from '../wire/acknowledgement-check.ts';
import type { ConnectPacket } from '../wire/connect-packet.ts';
import { Faults, type Fault } from '../wire/fault.ts';
import { PacketReader } from '../wire/packet-reader.ts';
import { PacketType } from '../wire/packet-type.ts';
import { encodePublish } from '../wire/publish-encoder.ts';
import {
  encodeDisconnect,
  encodeFaultRefusal,
  encodeRefusal,
  encodeSubscribed,
  encodeUnsubscribed,
} from '../wire/server-packet.ts';
import type { ConnectionParts } from './connection-parts.ts';
import { controlCost, ControlPackets } from './control-packets.ts';
import { closeGently } from './gentle-close.ts';
import type { Handshake } from './handshakes.ts';
import { Inflow, type InflowOwner } from './inflow.ts';
import type {
  ClosureKind,
  ConnectVerdict,
  EngineConnection,
  InboundPublish,
  OutboundPublish,
  ProtocolVersion,
  StreamInfo,
} from './mqtt-engine.ts';
import { Outbox, type OutboxOwner } from './outbox.ts';
import { ReasonCode, isFailure, reasonText } from './reason-code.ts';
import { LATENESS, Vigil, type Lateness, type VigilOwner } from './vigil.ts';

/** handshake: until CONNECT · asking: the host decides · accepted: CONNACK is being written · ready · closed. */
type State = 'handshake' | 'asking' | 'accepted' | 'ready' | 'closed';

/**
 * What every engine does alike for one client: its states, its time, what the host answers and how it ends. An engine
 * adds how packets become calls of the host.
 */
export abstract class ClientConnection<Context>
  implements EngineConnection<Context>, InflowOwner, OutboxOwner, VigilOwner
{
  readonly id: number;
  readonly transport: 'tcp' | 'websocket';
  readonly remoteAddress: string;
  clientId = '';
  protocolVersion: ProtocolVersion = 4;
  context: Context | undefined = undefined;

  protected readonly reader: PacketReader;
  protected readonly outbox: Outbox;
  protected state: State = 'handshake';
  /** The client's CONNECT, and its DISCONNECT. */
  protected connect: ConnectPacket | null = null;
  protected disconnection: DisconnectPacket | null = null;
  readonly #parts: ConnectionParts<Context>;
  readonly #source: Duplex;
  readonly #inflow: Inflow;
  readonly #vigil: Vigil;
  readonly #handshake: Handshake;
  /** Packets of the client that carry nothing. */
  protected readonly controls: ControlPackets;
  /** QoS 1 and 2 PUBLISHes of the client not finally acknowledged. */
  #unacknowledged = 0;
  #socketClosing = false;

  constructor(id: number, source: Duplex, info: StreamInfo, parts: ConnectionParts<Context>) {
    this.id = id;
    this.transport = info.transport;
    this.remoteAddress = info.remoteAddress;
    this.#parts = parts;
    this.#source = source;
    this.reader = new PacketReader(parts.limits, parts.publishCheck, parts.incomplete);
    this.outbox = new Outbox(source, parts.flusher, this);
    this.#vigil = new Vigil(parts.wheel, this, parts.limits);
    this.#inflow = new Inflow(source, this.reader, this, parts);
    this.controls = new ControlPackets(parts, () => this.#inflow.goOn());
    this.#handshake = parts.handshakes.begin(info.remoteAddress, () => this.#giveWay());
  }

  /** Makes calls of the host of a run of packets. */
  protected abstract process(run: Buffer): void;

  /** Lets go of what the engine holds; nothing more will be processed. */
  protected abstract abandon(): void;

  get taking(): boolean {
    return (
      (this.state === 'ready' || this.state === 'handshake') &&
      !this.outbox.congested &&
      !this.controls.holding
    );
  }

  dispatch(run: Buffer): void {
    const { control } = this.reader;
    this.#vigil.seen();
    if (control?.type === 'connect') {
      this.connect = control.packet;
      this.protocolVersion = control.packet.protocolVersion;
      this.#parts.handshakes.end(this.#handshake);
      this.#vigil.connectArrived();
      this.state = 'asking';
      const refusal = this.#parts.host.arrived?.(this) ?? 0;
      if (refusal !== 0) {
        this.#decide({ accept: false, reason: refusal }, () => {});
        return;
      }
    } else if (control?.type === 'disconnect') {
      const { sessionExpiry = 0 } = control.packet;
      if (sessionExpiry > 0 && this.connect?.sessionExpiry === 0) {
        this.faulted(Faults.SESSION_EXPIRY);
        return;
      }
      this.disconnection = control.packet;
    }
    const { pings, acknowledgements } = this.reader;
    const counted = pings + (control === null ? 0 : controlCost(control));
    if (counted + acknowledgements > 0 && !this.controls.take(counted, acknowledgements)) {
      this.faulted(Faults.FLOOD);
      return;
    }
    this.process(run);
  }

  #giveWay(): void {
    this.streamEnded('it made room for newer connections');
    this.destroySocket();
  }

  /** Asks the host about the CONNECT; `proceed` writes CONNACK and calls `begin`. */
  protected ask(clientId: string, proceed: () => void): void {
    if (this.connect === null || this.state !== 'asking') return;
    this.clientId = clientId;
    const clientIdAssigned = this.connect.clientId === '';
    this.#parts.asked(this);
    const verdict = new Promise<ConnectVerdict>((resolve) =>
      resolve(this.#parts.host.connect({ ...this.connect!, clientId, clientIdAssigned }, this)),
    );
    verdict.then(
      (given) => this.#decide(given, proceed),
      (error: unknown) => {
        this.#parts.report(error);
        const reason = ReasonCode.UNSPECIFIED_ERROR;
        this.#decide({ accept: false, reason, detail: 'internal error' }, proceed);
      },
    );
  }

  #decide(verdict: ConnectVerdict, proceed: () => void): void {
    if (this.state !== 'asking') return;
    if (verdict.accept) {
      this.state = 'accepted';
      proceed();
      return;
    }
    this.outbox.sendNow(encodeRefusal(this.protocolVersion, verdict.reason));
    this.close('server', verdict.reason, verdict.detail ?? reasonText(verdict.reason));
  }

  /** CONNACK has been written. @param keepAlive what it said, in seconds; 0: none */
  protected begin(keepAlive = this.connect?.keepAlive ?? 0): void {
    if (this.state !== 'accepted') return;
    this.state = 'ready';
    this.#vigil.start(keepAlive);
    this.outbox.open();
    this.#inflow.goOn();
  }

  protected receive(publish: InboundPublish): void {
    if (publish.qos > 0) {
      this.#unacknowledged++;
      // Its PUBREL.
      if (publish.qos === 2) this.controls.owe();
      if (this.protocolVersion === 5 && this.#unacknowledged > this.#parts.limits.receiveMaximum) {
        this.faulted(Faults.RECEIVE_MAXIMUM);
        return;
      }
    }
    this.#parts.host.publish(this, publish);
  }

  acknowledge(packetId: number, qos: 1 | 2, reason: number): void {
    if (this.state !== 'ready') return;
    if (qos === 1 || isFailure(reason)) this.#settled();
    this.#answer(qos === 1 ? PacketType.PUBACK : PacketType.PUBREC, packetId, reason);
  }

  complete(packetId: number, reason: number): void {
    if (this.state !== 'ready') return;
    this.#settled();
    this.#answer(PacketType.PUBCOMP, packetId, reason);
  }

  #answer(type: number, packetId: number, reason: number): void {
    this.outbox.acknowledge(type, packetId, this.protocolVersion === 5 ? reason : 0);
  }

  #settled(): void {
    if (this.#unacknowledged > 0) this.#unacknowledged--;
  }

  subscribed(packetId: number, reasons: readonly number[]): void {
    if (this.state === 'ready') this.outbox.send([encodeSubscribed(this.protocolVersion, packetId, reasons)]);
  }

  unsubscribed(packetId: number, reasons: readonly number[]): void {
    if (this.state === 'ready') {
      this.outbox.send([encodeUnsubscribed(this.protocolVersion, packetId, reasons)]);
    }
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

  pause(): void {
    this.#inflow.pause();
  }

  resume(): void {
    this.#inflow.resume();
  }

  disconnect(reason: number, detail: string): void {
    this.#sayFarewell(reason, detail);
    this.close('server', reason, detail);
  }

  // ---- time and room
  get unread(): boolean {
    return this.#inflow.paused || this.controls.holding;
  }

  outboxCongested(): void {
    this.#vigil.congested();
  }

  outboxRelieved(): void {
    this.#vigil.relieved();
    this.#inflow.goOn();
  }

  outboxDrained(): void {
    if (this.state !== 'ready') return;
    try {
      this.#parts.host.drained(this);
    } catch (error) {
      this.failed(error);
    }
  }

  late(what: Lateness): void {
    const { counter, kind, reason, detail } = LATENESS[what];
    this.#parts.counters[counter]++;
    if (what === 'keep-alive') this.#sayFarewell(reason, detail);
    this.close(kind, reason, detail);
    if (what === 'write') this.destroySocket();
  }

  faulted(fault: Fault): void {
    const { counters } = this.#parts;
    if (fault.limit === undefined) counters.protocolErrors++;
    else counters.limits[fault.limit]++;
    if (this.state === 'ready') {
      this.#sayFarewell(fault.reason, fault.text);
    } else {
      const refusal = encodeFaultRefusal(this.reader.version, fault);
      if (refusal !== null) this.outbox.sendNow(refusal);
    }
    this.close('protocol-error', fault.reason, fault.text);
  }

  streamEnded(detail: string): void {
    this.close('lost', 0, detail);
  }

  failed(error: unknown): void {
    this.#parts.counters.internalErrors++;
    this.#parts.report(error);
    this.disconnect(ReasonCode.UNSPECIFIED_ERROR, 'internal error');
  }

  /** Acknowledgements and deliveries already taken leave first. */
  #sayFarewell(reason: number, detail: string): void {
    if (this.state !== 'ready') return;
    this.outbox.flush();
    if (this.protocolVersion !== 5) return;
    this.outbox.sendNow(encodeDisconnect(reason, detail, this.connect?.maximumPacketSize ?? 0));
  }

  protected close(kind: ClosureKind, reason: number, detail: string): void {
    const { state } = this;
    if (state === 'closed') return;
    if (state === 'ready') this.outbox.flush();
    this.state = 'closed';
    this.#parts.counters.connections--;
    this.#parts.handshakes.end(this.#handshake);
    this.#vigil.stop();
    this.controls.stop();
    this.#inflow.stop();
    this.abandon();
    this.#parts.closed(this, {
      kind,
      reason,
      detail,
      willDue: (state === 'accepted' || state === 'ready') && kind !== 'clean',
      sessionExpiry: this.disconnection?.sessionExpiry,
    });
    // The host records a DISCONNECT before the client sees its socket closed.
    if (kind !== 'clean' && kind !== 'with-will') this.closeSocket();
  }

  /** Lets the client read what it was sent, and closes. */
  closeSocket(): void {
    if (this.#socketClosing) return;
    this.#socketClosing = true;
    closeGently(this.#source, this.#parts.limits.lingerMs);
  }

  destroySocket(): void {
    this.#source.destroy();
  }
}

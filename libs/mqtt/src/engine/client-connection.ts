import type { Duplex } from 'node:stream';
import type { DisconnectPacket } from '../wire/acknowledgement-check.ts';
import type { ConnectPacket } from '../wire/connect-packet.ts';
import { Faults, type Fault } from '../wire/fault.ts';
import type { Parting } from '../wire/server-packet.ts';
import { ClientOutput } from './client-output.ts';
import type { ConnectionParts } from './connection-parts.ts';
import { controlCost, ControlPackets } from './control-packets.ts';
import { closeGently } from './gentle-close.ts';
import type { Handshake } from './handshakes.ts';
import { hostVerdict } from './host-verdict.ts';
import { Inflow, type InflowOwner } from './inflow.ts';
import type {
  AuthenticationExchange,
  ClosureKind,
  ConnectVerdict,
  EngineConnection,
  InboundPublish,
  StreamInfo,
} from './mqtt-engine.ts';
import { outOfPlace } from './packet-order.ts';
import { ReasonCode, reasonText } from './reason-code.ts';
import { LATENESS, Vigil, type Lateness, type VigilOwner } from './vigil.ts';

/** What a client gets that is accepted. */
export interface Grant {
  sessionPresent: boolean;
  /** Seconds. */
  sessionExpiry: number;
  authenticationData: Uint8Array | undefined;
}

/** How long a stream without a CONNECT is waited for to be sent elsewhere, in milliseconds. */
const REDIRECT_PATIENCE_MS = 1_000;

/**
 * What every engine does alike for one client: its states, its time, what the host answers and how it ends. An engine
 * adds how packets become calls of the host.
 */
export abstract class ClientConnection<Context>
  extends ClientOutput
  implements EngineConnection<Context>, InflowOwner, VigilOwner
{
  readonly id: number;
  readonly transport: 'tcp' | 'websocket';
  readonly remoteAddress: string;
  clientId = '';
  context: Context | undefined = undefined;

  /** The client's DISCONNECT. */
  protected disconnection: DisconnectPacket | null = null;
  readonly #parts: ConnectionParts<Context>;
  readonly #source: Duplex;
  readonly #inflow: Inflow;
  readonly #vigil: Vigil;
  /** Packets of the client that carry nothing. */
  protected readonly controls: ControlPackets;
  /** It owes its CONNECT, or the answer to a challenge; null: neither. */
  #handshake: Handshake | null;
  #socketClosing = false;

  constructor(id: number, source: Duplex, info: StreamInfo, parts: ConnectionParts<Context>) {
    super(source, parts);
    this.id = id;
    this.transport = info.transport;
    this.remoteAddress = info.remoteAddress;
    this.#parts = parts;
    this.#source = source;
    this.#vigil = new Vigil(parts.wheel, this, parts.limits);
    this.#inflow = new Inflow(source, this.reader, this, parts);
    this.controls = new ControlPackets(parts, () => this.#inflow.goOn());
    this.#handshake = this.#beginHandshake();
  }

  /** Makes calls of the host of a run of packets. */
  protected abstract process(run: Buffer): void;

  /** Lets go of what the engine holds; nothing more will be processed. */
  protected abstract abandon(): void;

  get taking(): boolean {
    const { state } = this;
    return (
      (state === 'ready' || state === 'handshake' || state === 'challenged') &&
      !this.outbox.congested &&
      !this.controls.holding
    );
  }

  dispatch(run: Buffer): void {
    const { control } = this.reader;
    this.#vigil.seen();
    const fault = outOfPlace(control, this.connect, this.state === 'challenged');
    if (fault !== null) {
      this.faulted(fault);
      return;
    }
    if (control?.type === 'disconnect') this.disconnection = control.packet;
    else if (control?.type === 'connect') {
      this.connect = control.packet;
      this.protocolVersion = control.packet.protocolVersion;
      this.answerArrived();
      this.state = 'asking';
      if (this.#parts.redirect !== null) {
        this.sendAway(this.#parts.redirect);
        return;
      }
      const refusal = this.#parts.host.arrived?.(this) ?? 0;
      if (refusal !== 0) {
        this.refuse({ reason: refusal, text: '' });
        return;
      }
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

  /** Asks the host about the CONNECT; `proceed` calls `accept`, writes CONNACK and calls `begin`. */
  protected ask(
    clientId: string,
    authentication: AuthenticationExchange | undefined,
    proceed: (grant: Grant) => void,
  ): void {
    const { connect } = this;
    if (connect === null || this.state !== 'asking') return;
    this.clientId = clientId;
    const clientIdAssigned = connect.clientId === '';
    const request = { ...connect, clientId, clientIdAssigned, authentication };
    this.#parts.asked(this);
    void hostVerdict<ConnectVerdict>(
      () => this.#parts.host.connect(request, this),
      (error) => this.#parts.report(error),
    ).then((verdict) => this.#decide(verdict, connect, proceed));
  }

  #decide(verdict: ConnectVerdict, connect: ConnectPacket, proceed: (grant: Grant) => void): void {
    // A host need not wait for the answer to its challenge.
    if (this.state === 'challenged') this.answerArrived();
    if (this.state !== 'asking') return;
    if (!verdict.accept) {
      this.refuse({ reason: verdict.reason, text: verdict.detail ?? '' });
      return;
    }
    const { sessionPresent = false, sessionExpiry = connect.sessionExpiry, authenticationData } = verdict;
    proceed({
      // A clean start finds no session [MQTT-3.2.2-2], and MQTT 3.1 has no flag to tell one.
      sessionPresent: sessionPresent && !connect.cleanStart && this.protocolVersion > 3,
      sessionExpiry,
      authenticationData,
    });
  }

  /** A challenge has been sent; before CONNACK nothing but its answer is taken. */
  protected awaitAnswer(): void {
    this.#vigil.expect('authentication');
    if (this.state !== 'asking') return;
    this.state = 'challenged';
    this.#handshake ??= this.#beginHandshake();
    this.#inflow.goOn();
  }

  /** The client has sent what it owed: its CONNECT, or the answer to a challenge. */
  protected answerArrived(): void {
    this.#vigil.arrived();
    if (this.state === 'challenged') this.state = 'asking';
    this.#finishHandshake();
  }

  #beginHandshake(): Handshake {
    return this.#parts.handshakes.begin(this.remoteAddress, () => this.#giveWay());
  }

  #finishHandshake(): void {
    if (this.#handshake !== null) this.#parts.handshakes.end(this.#handshake);
    this.#handshake = null;
  }

  /** CONNACK with a reason instead of success. */
  protected refuse(parting: Parting): void {
    this.sendRefusal(parting);
    this.close('server', parting.reason, parting.text || reasonText(parting.reason));
  }

  /** The host accepted, and CONNACK will say so. */
  protected accept(): void {
    this.state = 'accepted';
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
      this.unacknowledged++;
      // Its PUBREL.
      if (publish.qos === 2) this.controls.owe();
      if (this.protocolVersion === 5 && this.unacknowledged > this.#parts.limits.receiveMaximum) {
        this.faulted(Faults.RECEIVE_MAXIMUM);
        return;
      }
    }
    this.#parts.host.publish(this, publish);
  }

  pause(): void {
    this.#inflow.pause();
  }

  resume(): void {
    this.#inflow.resume();
  }

  disconnect(reason: number, detail: string): void {
    this.sendFarewell({ reason, text: detail });
    this.close('server', reason, detail);
  }

  /** Drain. With a server reference a client in its handshake is told, too, and one without a CONNECT waited for. */
  sendAway(parting: Parting): void {
    const { state } = this;
    const redirected = parting.serverReference !== '' && this.protocolVersion === 5;
    if (parting.serverReference !== '' && state === 'handshake') {
      this.#vigil.expect('connect', REDIRECT_PATIENCE_MS);
    } else if (redirected && (state === 'asking' || state === 'challenged')) {
      this.refuse(parting);
    } else {
      this.sendFarewell(parting);
      this.close('server', parting.reason, parting.text);
    }
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
    if (this.state === 'challenged') this.refuse({ reason, text: detail });
    else if (what !== 'write') this.sendFarewell({ reason, text: detail });
    this.close(kind, reason, detail);
    if (what === 'write') this.destroySocket();
  }

  faulted(fault: Fault): void {
    const { counters } = this.#parts;
    if (fault.limit === undefined) counters.protocolErrors++;
    else counters.limits[fault.limit]++;
    this.sendFault(fault);
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

  protected close(kind: ClosureKind, reason: number, detail: string): void {
    const { state } = this;
    if (state === 'closed') return;
    if (state === 'ready') this.outbox.flush();
    this.state = 'closed';
    this.#parts.counters.connections--;
    this.#finishHandshake();
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

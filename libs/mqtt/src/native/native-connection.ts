import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { ClientConnection, type Grant } from '../engine/client-connection.ts';
import type { ConnectionParts } from '../engine/connection-parts.ts';
import type { DeliveryStage, OutboundPublish, QoS, StreamInfo } from '../engine/mqtt-engine.ts';
import { ReasonCode, reasonText } from '../engine/reason-code.ts';
import { encodeAcceptance } from '../wire/acceptance.ts';
import { encodeAuth } from '../wire/auth-packet.ts';
import type { ConnectPacket } from '../wire/connect-packet.ts';
import { Faults } from '../wire/fault.ts';
import type { ControlPacket } from '../wire/packet-reader.ts';
import { PacketType } from '../wire/packet-type.ts';
import { encodePublish, publishWireBytes, TOPIC_ALIAS_BYTES } from '../wire/publish-encoder.ts';
import { Authentication, type AuthenticationOwner } from './authentication.ts';
import { OutboundAliases } from './outbound-aliases.ts';
import { TopicAliases } from './topic-aliases.ts';

const NO_PROPERTIES = new Uint8Array(0);
const PINGRESP = Buffer.from([PacketType.PINGRESP << 4, 0]);

/** One client on the native engine: what its packets mean. That they are well-formed is checked before they come here. */
export class NativeConnection<Context> extends ClientConnection<Context> {
  readonly #parts: ConnectionParts<Context>;
  /** If the client brought a method. */
  #authentication: Authentication | null = null;
  /** Made when the client first uses one. */
  #aliases: TopicAliases | null = null;
  /** Made when the first delivery may use one. */
  #given: OutboundAliases | null = null;
  /** PUBLISHes of the current run already taken. */
  #published = 0;

  constructor(id: number, source: Duplex, info: StreamInfo, parts: ConnectionParts<Context>) {
    super(id, source, info, parts);
    this.#parts = parts;
  }

  protected override process(run: Buffer): void {
    const { control } = this.reader;
    if (control !== null) this.#control(control);
    else this.#walk(run);
  }

  protected override abandon(): void {
    this.#aliases = null;
    this.#given = null;
    this.#authentication?.end();
  }

  /** As a short alias for the topic, where the client takes aliases and its packet size leaves room for one. */
  override deliver(publish: OutboundPublish): boolean {
    const use = this.#roomForAlias(publish) ? this.#outboundAliases().use(publish.topic) : null;
    if (use === null || this.state === 'closed') return super.deliver(publish);
    if (publish.qos > 0) this.controls.owe();
    return this.outbox.send(encodePublish(5, use.known ? { ...publish, topic: '' } : publish, use.alias));
  }

  #control(control: ControlPacket): void {
    switch (control.type) {
      case 'connect':
        return this.#connect(control.packet);
      case 'auth': {
        const fault = this.#authentication?.receive(control.packet) ?? null;
        if (fault !== null) this.faulted(fault);
        return;
      }
      case 'subscribe':
        return this.#parts.host.subscribe(this, control.request);
      case 'unsubscribe':
        return this.#parts.host.unsubscribe(this, control.request);
      case 'disconnect': {
        const { reason } = control.packet;
        this.close(reason === ReasonCode.SUCCESS ? 'clean' : 'with-will', reason, reasonText(reason));
      }
    }
  }

  /** An identifier of ours is unique among all nodes; a client of MQTT 3.1.1 never learns it [MQTT-3.1.3-6]. */
  #connect(connect: ConnectPacket): void {
    const clientId = connect.clientId === '' ? `auto_${randomUUID()}` : connect.clientId;
    const { authentication } = connect;
    if (authentication !== undefined) {
      this.#authentication = new Authentication(this.#authenticationOwner(), authentication.method);
    }
    const exchange = this.#authentication?.begin(authentication?.data);
    this.ask(clientId, exchange, (grant) => this.#acceptAs(clientId, connect, grant));
  }

  #acceptAs(clientId: string, connect: ConnectPacket, grant: Grant): void {
    const { limits } = this.#parts;
    const serverKeepAlive = this.#serverKeepAlive(connect);
    const acceptance = encodeAcceptance(
      {
        version: connect.protocolVersion,
        limits,
        assignedClientId: connect.clientId === '' ? clientId : '',
        sessionPresent: grant.sessionPresent,
        sessionExpiry: grant.sessionExpiry === connect.sessionExpiry ? undefined : grant.sessionExpiry,
        serverKeepAlive,
        authentication: connect.authentication && {
          method: connect.authentication.method,
          data: grant.authenticationData,
        },
        responseInformation: connect.requestResponseInformation ? limits.responseInformation : '',
      },
      connect.maximumPacketSize,
    );
    if (acceptance === null) {
      this.refuse({ reason: ReasonCode.PACKET_TOO_LARGE, text: 'CONNACK exceeds your Maximum Packet Size' });
      return;
    }
    this.accept();
    this.#authentication?.finish();
    this.outbox.sendNow(acceptance);
    this.begin(serverKeepAlive || undefined);
  }

  #authenticationOwner(): AuthenticationOwner {
    const { host } = this.#parts;
    return {
      sendAuth: (reason, method, data) => {
        const packet = encodeAuth(reason, method, data, this.connect?.maximumPacketSize ?? 0);
        if (packet !== null && this.state !== 'closed') this.outbox.sendNow(packet);
        return packet !== null;
      },
      awaitAnswer: () => this.awaitAnswer(),
      answerArrived: () => this.answerArrived(),
      reauthenticate: (exchange) => host.authenticate(this, exchange),
      report: (error) => this.#parts.report(error),
      disconnect: (reason, detail) => this.disconnect(reason, detail),
    };
  }

  /** Only MQTT 5 can be told; 0: the client's own holds. */
  #serverKeepAlive({ keepAlive, protocolVersion }: ConnectPacket): number {
    const { maxKeepAlive } = this.#parts.limits;
    if (protocolVersion !== 5 || maxKeepAlive === 0) return 0;
    return keepAlive === 0 || keepAlive > maxKeepAlive ? maxKeepAlive : 0;
  }

  #outboundAliases(): OutboundAliases {
    return (this.#given ??= new OutboundAliases(this.connect?.topicAliasMaximum ?? 0));
  }

  #roomForAlias(publish: OutboundPublish): boolean {
    const { topicAliasMaximum = 0, maximumPacketSize = 0 } = this.connect ?? {};
    if (topicAliasMaximum === 0) return false;
    // The property length may grow by a byte, and the packet's by another.
    const most = publishWireBytes(5, publish) + TOPIC_ALIAS_BYTES + 2;
    return maximumPacketSize === 0 || most <= maximumPacketSize;
  }

  /** Takes packet by packet; the host may end the connection at any of them. */
  #walk(run: Buffer): void {
    this.#published = 0;
    let at = 0;
    while (at < run.length && this.state === 'ready') {
      const first = run[at++]!;
      let byte = run[at++]!;
      let length = byte & 0x7f;
      for (let shift = 7; byte >= 0x80; shift += 7) {
        byte = run[at++]!;
        length |= (byte & 0x7f) << shift;
      }
      this.#packet(run, first, at, at + length);
      at += length;
    }
  }

  #packet(run: Buffer, first: number, at: number, end: number): void {
    switch (first >> 4) {
      case PacketType.PUBLISH:
        return this.#publish(run, first, at, end);
      case PacketType.PUBACK:
        return this.#acknowledged(run, at, end, 'puback');
      case PacketType.PUBREC:
        return this.#acknowledged(run, at, end, 'pubrec');
      case PacketType.PUBCOMP:
        return this.#acknowledged(run, at, end, 'pubcomp');
      case PacketType.PUBREL:
        return this.#parts.host.release(this, run.readUInt16BE(at));
      case PacketType.PINGREQ:
        this.outbox.send([PINGRESP]);
    }
  }

  #acknowledged(run: Buffer, at: number, end: number, stage: DeliveryStage): void {
    // MQTT 5 leaves a reason of success out (3.4.2.1).
    const reason = end - at > 2 ? run[at + 2]! : ReasonCode.SUCCESS;
    this.#parts.host.acknowledged(this, run.readUInt16BE(at), stage, reason);
  }

  #publish(run: Buffer, first: number, at: number, end: number): void {
    const topicEnd = at + 2 + ((run[at]! << 8) | run[at + 1]!);
    const topic = this.#topic(run.toString('utf8', at + 2, topicEnd));
    if (topic === null) return this.faulted(Faults.TOPIC_ALIAS);
    const qos = qosOf(first);
    let body = topicEnd;
    let packetId = 0;
    if (qos > 0) {
      packetId = (run[body]! << 8) | run[body + 1]!;
      body += 2;
    }
    const properties = this.reader.properties[this.#published++] ?? NO_PROPERTIES;
    if (this.protocolVersion === 5) body = behindProperties(run, body);
    const payload = run.subarray(body, end);
    const retain = (first & 1) !== 0;
    const dup = (first & 8) !== 0;
    this.receive({ topic, payload, qos, retain, dup, packetId, properties });
  }

  /** The topic that is meant, with aliases resolved (3.3.2.3.4); null if the alias stands for none. */
  #topic(given: string): string | null {
    const alias = this.reader.topicAliases[this.#published] ?? 0;
    if (alias === 0) return given;
    this.#aliases ??= new TopicAliases(this.#parts.limits.topicAliasMaximum);
    return this.#aliases.resolve(alias, given);
  }
}

function qosOf(first: number): QoS {
  const bits = (first >> 1) & 3;
  return bits === 0 ? 0 : bits === 1 ? 1 : 2;
}

/** Offset behind a checked property block that begins at `at` with its length. */
function behindProperties(run: Buffer, at: number): number {
  let byte = run[at++]!;
  let length = byte & 0x7f;
  for (let shift = 7; byte >= 0x80; shift += 7) {
    byte = run[at++]!;
    length |= (byte & 0x7f) << shift;
  }
  return at + length;
}

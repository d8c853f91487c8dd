import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { Aedes, Client, ConnectPacket, PublishPacket } from 'aedes';
import { ClientConnection } from '../engine/client-connection.ts';
import type { ConnectionParts } from '../engine/connection-parts.ts';
import type { DeliveryStage, StreamInfo, SubscribeRequest } from '../engine/mqtt-engine.ts';
import { ReasonCode, reasonText } from '../engine/reason-code.ts';
import { isSharedFilter } from '../topic-filter.ts';
import { Faults } from '../wire/fault.ts';
import { amendConnect } from './connect-amendment.ts';
import type { HookPersistence } from './hook-persistence.ts';
import { PacketStream, type PacketStreamOwner } from './packet-stream.ts';
import { SharedFilterRefusals } from './shared-filter-refusals.ts';

export interface AedesParts<Context> extends ConnectionParts<Context> {
  readonly broker: Aedes;
  readonly persistence: HookPersistence;
}

const NO_PROPERTIES = new Uint8Array(0);

/**
 * One client on the aedes engine. aedes parses a run of checked packets and calls its hooks, the hooks tell the host.
 * What the host answers is written by us: a hook whose continuation would write an answer is never continued, so nothing
 * is acknowledged that the host did not acknowledge.
 */
export class AedesConnection<Context> extends ClientConnection<Context> implements PacketStreamOwner {
  readonly #parts: AedesParts<Context>;
  readonly #sharedFilters = new SharedFilterRefusals();
  #stream: PacketStream<AedesConnection<Context>> | null = null;
  /** Packets of the run aedes saw last. */
  #begun = 1;
  /** PUBLISHes of the current run already shown to the host. */
  #published = 0;
  /** The SUBSCRIBE of the current run was shown to the host. */
  #subscribeShown = false;

  constructor(id: number, source: Duplex, info: StreamInfo, parts: AedesParts<Context>) {
    super(id, source, info, parts);
    this.#parts = parts;
  }

  protected override process(run: Buffer): void {
    const { control, packets } = this.reader;
    if (control?.type === 'connect' && control.packet.authentication !== undefined) {
      return this.faulted(Faults.AUTHENTICATION);
    }
    if (control?.type === 'subscribe') {
      if (!aedesTakes(control.request)) return this.faulted(Faults.FILTER);
      if (onlyShared(control.request)) return this.#refuse(control.request);
    }
    // Only a complete and valid CONNECT costs an aedes client.
    if (this.#stream === null) {
      this.#stream = new PacketStream<AedesConnection<Context>>(this);
      this.#parts.broker.handle(this.#stream);
    }
    this.#published = 0;
    this.#subscribeShown = false;
    const begun = this.#begun;
    this.#begun = packets;
    if (!this.#stream.offer(run, begun)) {
      this.close('protocol-error', ReasonCode.PROTOCOL_ERROR, 'aedes stopped reading');
    }
  }

  protected override abandon(): void {
    this.#stream?.destroy();
  }

  // ---- the stream aedes has

  aedesWrote(bytes: Buffer): void {
    if (this.state !== 'closed') this.outbox.sendNow(bytes);
  }

  aedesClosed(error: Error | null): void {
    if (this.state === 'closed') return;
    if (this.disconnection !== null) {
      const { reason } = this.disconnection;
      this.close(reason === ReasonCode.SUCCESS ? 'clean' : 'with-will', reason, reasonText(reason));
    } else {
      this.#parts.counters.protocolErrors++;
      this.close('protocol-error', ReasonCode.PROTOCOL_ERROR, error?.message ?? 'closed by aedes');
    }
  }

  // ---- the hooks of aedes, in the order of the packets

  connecting(packet: ConnectPacket): void {
    amendConnect(packet, `c${this.id}`, this.#parts.limits.maxSessionExpiry);
  }

  authenticating(client: Client, proceed: () => void): void {
    const given = this.connect?.clientId ?? '';
    const clientId = given === '' ? assignedClientId(client, this.protocolVersion) : given;
    this.ask(clientId, undefined, ({ sessionPresent }) => {
      this.accept();
      if (sessionPresent) this.#parts.persistence.hasSession(client.id);
      proceed();
    });
  }

  connected(): void {
    this.begin();
  }

  publishing(packet: PublishPacket): void {
    if (this.state !== 'ready') return;
    const { topic, payload, qos, retain, dup } = packet;
    this.receive({
      topic,
      payload: typeof payload === 'string' ? Buffer.from(payload) : payload,
      qos,
      retain,
      dup,
      packetId: qos > 0 ? (packet.messageId ?? 0) : 0,
      properties: this.reader.properties[this.#published++] ?? NO_PROPERTIES,
    });
  }

  released(packetId: number): void {
    if (this.state === 'ready') this.#parts.host.release(this, packetId);
  }

  acknowledged(packetId: number, stage: DeliveryStage, reason: number): void {
    if (this.state === 'ready') this.#parts.host.acknowledged(this, packetId, stage, reason);
  }

  /**
   * aedes asks once per filter; the whole packet is shown at the first. It also asks while it restores a session, where
   * what its persistence gave it only stands for the session's being there and is refused.
   */
  subscribing(refuse: () => void): void {
    if (this.state === 'accepted') return refuse();
    const { control } = this.reader;
    if (this.state !== 'ready' || this.#subscribeShown || control?.type !== 'subscribe') return;
    this.#subscribeShown = true;
    const request = this.#sharedFilters.without(control.request);
    if (request !== null) this.#parts.host.subscribe(this, request);
  }

  /** A SUBSCRIBE of which nothing is left for the host. */
  #refuse(request: SubscribeRequest): void {
    this.#sharedFilters.without(request);
    this.subscribed(request.packetId, []);
  }

  override subscribed(packetId: number, reasons: readonly number[], detail?: string): void {
    super.subscribed(packetId, this.#sharedFilters.complete(packetId, reasons), detail);
  }

  unsubscribing(): void {
    const { control } = this.reader;
    if (this.state !== 'ready' || control?.type !== 'unsubscribe') return;
    this.#parts.host.unsubscribe(this, control.request);
  }
}

/** aedes refuses them itself, with a code for each different filter where there must be one for each [MQTT-3.8.4-6]. */
function onlyShared({ subscriptions }: SubscribeRequest): boolean {
  return subscriptions.every(({ filter }) => isSharedFilter(filter));
}

/** aedes keeps the filters of a SUBSCRIBE with several as keys of an object, and this one ends the process. */
function aedesTakes({ subscriptions }: SubscribeRequest): boolean {
  return subscriptions.length === 1 || subscriptions.every(({ filter }) => filter !== '__proto__');
}

/**
 * An identifier for a client that brought none, unique among all nodes. One of MQTT 5 is told it [MQTT-3.2.2-16], so
 * aedes has made it; one of MQTT 3.1.1 never learns it [MQTT-3.1.3-6].
 */
function assignedClientId(client: Client, protocolVersion: number): string {
  return protocolVersion === 5 ? client.id : `auto_${randomUUID()}`;
}

/** Where an inbound QoS 2 flow stands. */
export const Inbound2 = {
  /** Its row is on the way to the log, PUBREC is owed. */
  storing: 1,
  /** PUBREC was sent. */
  received: 2,
  /** PUBREL came, its row is on the way to the log, PUBCOMP is owed. */
  releasing: 3,
} as const;
export type Inbound2 = (typeof Inbound2)[keyof typeof Inbound2];

/**
 * QoS 2 packet ids a device has in use. Until PUBREL a PUBLISH with an id in use is the same message again,
 * whatever its DUP flag says [MQTT-4.3.3-10].
 */
export class InboundPacketIds {
  #open: Map<number, Inbound2> | null = null;

  state(packetId: number): Inbound2 | undefined {
    return this.#open?.get(packetId);
  }

  storing(packetId: number): void {
    (this.#open ??= new Map()).set(packetId, Inbound2.storing);
  }

  /** A flow that began on an earlier connection; its PUBLISH is in the log. */
  resumed(packetId: number): void {
    (this.#open ??= new Map()).set(packetId, Inbound2.received);
  }

  received(packetId: number): void {
    if (this.#open?.get(packetId) === Inbound2.storing) this.#open.set(packetId, Inbound2.received);
  }

  releasing(packetId: number): void {
    this.#open?.set(packetId, Inbound2.releasing);
  }

  released(packetId: number): void {
    this.#open?.delete(packetId);
  }
}

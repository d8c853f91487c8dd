import { Readable } from 'node:stream';
import type { Client } from 'aedes';
import type { DeliveryStage } from '../engine/mqtt-engine.ts';

/** Where the packets go that aedes shows only to its persistence. */
export interface PacketHooks {
  released(client: Client, packetId: number): void;
  unsubscribing(client: Client): void;
  acknowledged(client: Client, packetId: number, stage: DeliveryStage, reason: number): void;
}

/** The parts of an acknowledgement that mqtt-packet hands on. */
interface Acknowledgement {
  cmd: string;
  messageId?: number;
  reasonCode?: number;
}

const nothing = Promise.resolve();

/**
 * The persistence given to aedes: it stores nothing. Some of its methods are the only place where aedes shows a
 * packet, and aedes answers that packet when the promise settles; those promises never settle, because the host
 * answers. Each is a promise of its own: reactions added to a shared one would never be freed.
 */
export class HookPersistence {
  readonly #hooks: PacketHooks;
  /** Names of clients whose sessions aedes has not asked for yet. */
  readonly #sessions = new Set<string>();

  constructor(hooks: PacketHooks) {
    this.#hooks = hooks;
  }

  async setup(): Promise<void> {}

  /** PUBREL. (A QoS 2 PUBLISH would ask here too, but reaches aedes' storing as QoS 0.) */
  incomingGetPacket(client: Client, packet: Acknowledgement): Promise<never> {
    this.#hooks.released(client, packet.messageId ?? 0);
    return unanswered();
  }

  /** A successful PUBREC: `packet` is the PUBREL aedes would send. */
  outgoingUpdate(client: Client, packet: Acknowledgement): Promise<never> {
    this.#hooks.acknowledged(client, packet.messageId ?? 0, 'pubrec', 0);
    return unanswered();
  }

  /** PUBACK, PUBCOMP, and a PUBREC that refuses. */
  outgoingClearMessageId(client: Client, packet: Acknowledgement): Promise<never> {
    const stage = packet.cmd === 'puback' || packet.cmd === 'pubrec' ? packet.cmd : 'pubcomp';
    this.#hooks.acknowledged(client, packet.messageId ?? 0, stage, packet.reasonCode ?? 0);
    return unanswered();
  }

  /** UNSUBSCRIBE. */
  removeSubscriptions(client: Client): Promise<never> {
    this.#hooks.unsubscribing(client);
    return unanswered();
  }

  /** This client, which aedes is about to ask for, finds its session. */
  hasSession(name: string): void {
    this.#sessions.add(name);
  }

  /**
   * CONNECT without a clean start. aedes says "session present" if there is a subscription to restore; its hook refuses
   * this one, so nobody is subscribed to anything.
   */
  subscriptionsByClient({ id }: { id: string }): Promise<{ topic: string; qos: number }[]> {
    return Promise.resolve(this.#sessions.delete(id) ? [{ topic: 'session', qos: 0 }] : []);
  }

  cleanSubscriptions(): Promise<void> {
    return nothing;
  }

  delWill(): Promise<void> {
    return nothing;
  }

  async *streamWill(): AsyncGenerator<never> {}

  /** Read at the end of every CONNECT: nothing is queued here. */
  outgoingStream(): Readable {
    return new Readable({
      objectMode: true,
      read() {
        this.push(null);
      },
    });
  }
}

function unanswered(): Promise<never> {
  return new Promise<never>(() => {});
}
